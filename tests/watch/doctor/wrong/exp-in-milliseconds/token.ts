const claims = { sub, exp: Date.now() + 3600 * 1000 }; // expect
claims.iat = Date.now(); // expect
const more = { "nbf": new Date().getTime() }; // expect
