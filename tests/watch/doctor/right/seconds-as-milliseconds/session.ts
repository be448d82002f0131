const ends = Date.now() + 3600 * 1000;
const tomorrow = Date.now() + 60 * 60 * 24 * 1000;
const soon = Date.now() + 250;
const minute = Date.now() + 60_000;
const at = new Date(claims.exp * 1000);
const ours = new Date(answer.expires_at);
if (payload.exp * 1000 < Date.now()) signOut();
if (payload.exp < Date.now() / 1000) signOut();
if (Date.now() > payload.exp * 1000) signOut();
