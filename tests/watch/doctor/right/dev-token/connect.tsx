/* client.devToken(id) was
   client.devToken(id) here */
await client.connectUser({ id }, async () => (await tidegate.token()).token);
const text = "no devToken here";
client.devToken(id); // tidegate-doctor: ignore dev-token
