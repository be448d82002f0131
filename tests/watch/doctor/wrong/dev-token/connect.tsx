await client.connectUser({ id }, client.devToken(id)); // expect
