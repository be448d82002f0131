const claims = { sub, exp: Math.floor(Date.now() / 1000) + 3600 };
claims.iat = Date.now() / 1000;
const expires = Date.now();
