const token = serverClient.createToken(session.userId);
