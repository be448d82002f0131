const { userId } = await req.json();
await loadPublicProfile(userId);
