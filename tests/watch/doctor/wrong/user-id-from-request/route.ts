const { userId } = await req.json(); // expect
const token = serverClient.createToken(userId);
const other = serverClient.createToken(req.body.user_id); // expect
const user_id = req.query.user_id; // expect
