const { userId } = await auth();
const token = serverClient.createToken(userId);
const { text } = await req.json();
