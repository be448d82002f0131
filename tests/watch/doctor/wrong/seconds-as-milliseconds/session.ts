const ends = Date.now() + 3600; // expect
const tomorrow = Date.now() + 60 * 60 * 24; // expect
const at = new Date(claims.exp); // expect
const other = new Date(account.expires_at); // expect
if (payload.exp < Date.now()) signOut(); // expect
if (Date.now() > payload.exp) signOut(); // expect
