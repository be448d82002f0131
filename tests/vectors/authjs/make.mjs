// Writes vectors.json: sessions made by Auth.js 5 (@auth/core) and NextAuth 4, at one fixed moment.
// How to run it again: README.md beside this file.

import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const NOW = 1_800_000_000;
globalThis.Date = class extends Date {
  constructor(...given) {
    super(...(given.length ? given : [NOW * 1000]));
  }
  static now() {
    return NOW * 1000;
  }
};

const require = createRequire(import.meta.url);
const core = await import("@auth/core");
const five = await import("@auth/core/jwt");
const four = require("next-auth/jwt");
const fiveDirectory = dirname(require.resolve("@auth/core"));
const { SessionStore: Store5, defaultCookies } = await import(join(fiveDirectory, "lib/utils/cookie.js"));
const fourDirectory = dirname(require.resolve("next-auth/jwt"));
const { SessionStore: Store4 } = require(join(fourDirectory, "../core/lib/cookie.js"));
const { AuthHandler } = require(join(fourDirectory, "../core"));

const SECRET = "p8kq2xv7rn4wz9ht6jy3bm5cd1fg0slaQWERtyui";
const OLD = "zm4x7cv2bn9qw5er8ty1ui6op3as0dfgHJKLhjkl";
const STRANGER = "aa7bb3cc9dd5ee1ff8gg4hh0ii6jj2kkMNBVmnbv";
const ADA = {
  name: "Ada Lovelace",
  email: "ada@example.com",
  picture: "https://img.example.com/ada.png",
  sub: "cm3x9k2v70000aa11bb22cc33",
};
const SECURE5 = "__Secure-authjs.session-token";
const PLAIN5 = "authjs.session-token";
const PLAIN4 = "next-auth.session-token";
const quiet = { debug() {}, warn() {}, error() {} };
const vectors = [];

async function add(name, version, { token = ADA, secret = SECRET, salt, maxAge, cookie, note = "" }) {
  const encoded =
    version === 5
      ? await five.encode({ token, secret, salt, ...(maxAge === undefined ? {} : { maxAge }) })
      : await four.encode({ token, secret, ...(salt ? { salt } : {}), ...(maxAge === undefined ? {} : { maxAge }) });
  const Store = version === 5 ? Store5 : Store4;
  const chunks = new Store({ name: cookie, options: {} }, version === 5 ? {} : { cookies: {} }, quiet)
    .chunk(encoded, {})
    .map((one) => `${one.name}=${encodeURIComponent(one.value)}`);
  vectors.push({ name, version, secret, cookie, claims: token, token: encoded, cookies: chunks, note });
}

const large = { ...ADA, access_token: randomBytes(3600).toString("base64url") };
for (const secret of [SECRET, OLD]) {
  const which = secret === SECRET ? "" : " under the older secret";
  await add(`v5 secure${which}`, 5, { secret, salt: SECURE5, cookie: SECURE5 });
  await add(`v5 plain${which}`, 5, { secret, salt: PLAIN5, cookie: PLAIN5 });
  await add(`v4${which}`, 4, { secret, cookie: PLAIN4 });
}
await add("v5 several secrets", 5, { secret: [SECRET, OLD], salt: SECURE5, cookie: SECURE5, note: "the first encrypts" });
vectors.at(-1).secret = SECRET;
await add("v5 large", 5, { token: large, salt: SECURE5, cookie: SECURE5, note: "in chunks" });
await add("v4 large", 4, { token: large, cookie: PLAIN4, note: "in chunks" });
await add("v5 other letters", 5, { token: { ...ADA, name: "Żółć 漢字 🌊" }, salt: SECURE5, cookie: SECURE5 });
await add("v5 a year", 5, { salt: SECURE5, cookie: SECURE5, maxAge: 31_536_000 });
await add("v4 a minute", 4, { cookie: PLAIN4, maxAge: 60 });
await add("v5 without a subject", 5, { token: { name: "Nobody" }, salt: SECURE5, cookie: SECURE5 });
await add("v5 with the provider's own claims", 5, {
  token: { ...ADA, iss: "https://accounts.example.com", aud: "client", role: "editor" }, salt: SECURE5, cookie: SECURE5,
});
await add("v5 a stranger's", 5, { secret: STRANGER, salt: SECURE5, cookie: SECURE5 });
await add("v4 a stranger's", 4, { secret: STRANGER, cookie: PLAIN4 });
const names = defaultCookies(true);
await add("v5 a sign-in under way", 5, {
  token: { value: "verifier" }, salt: names.pkceCodeVerifier.name, cookie: SECURE5, note: "another cookie's value",
});
await add("v4 a sign-in under way", 4, {
  token: { value: "verifier" }, salt: "next-auth.pkce.code_verifier", cookie: PLAIN4, note: "another cookie's value",
});
await add("v4 an old sign-in under way", 4, {
  token: { state: "x" }, cookie: PLAIN4, note: "before 4.24.5 these had the session's own key (CVE-2023-48309)",
});

// What the session route says of sessions in a database.
const UUID = "6f1c5d2e-9a47-4c38-8f10-0b6f1c5d2e9a";
const user = { id: ADA.sub, name: ADA.name, email: ADA.email, image: ADA.picture, emailVerified: null };
const session = { sessionToken: UUID, userId: user.id, expires: new Date((NOW + 86_400) * 1000) };
const adapter = {
  getSessionAndUser: async (token) => (token === UUID ? { session, user } : null),
  updateSession: async () => session,
  deleteSession: async () => null,
  createUser() {}, getUser() {}, getUserByEmail() {}, getUserByAccount() {}, updateUser() {}, linkAccount() {},
  createSession() {},
};
const callbacks = { session: ({ session, user }) => ({ ...pick(session), user: { ...userOf(session), id: user.id } }) };
const pick = ({ expires }) => ({ expires: expires.toISOString?.() ?? expires });
const userOf = ({ user: { name, email, image } }) => ({ name, email, image });
const routes = [];
for (const [name, token, extra] of [
  ["known", UUID, { callbacks }],
  ["known, without the callback", UUID, {}],
  ["unknown", "00000000-0000-4000-8000-000000000000", { callbacks }],
]) {
  const config = { providers: [], secret: SECRET, session: { strategy: "database" }, adapter, logger: quiet, ...extra };
  const request = new Request("https://app.example.com/auth/session", { headers: { cookie: `${SECURE5}=${token}` } });
  const answer = await core.Auth(request, { ...config, trustHost: true, basePath: "/auth" });
  routes.push({ name, version: 5, token, status: answer.status, body: await answer.text() });
  const old = await AuthHandler({
    req: {
      action: "session", method: "GET", query: {}, headers: {}, cookies: { [PLAIN4]: token },
      origin: "http://localhost:3000",
    },
    options: { ...config },
  });
  routes.push({ name, version: 4, token, status: old.status ?? 200, body: JSON.stringify(old.body) });
}

const { dependencies: made } = require("./package.json");
writeFileSync(
  new URL("vectors.json", import.meta.url),
  `${JSON.stringify({ made, now: NOW, sessions: vectors, routes }, null, 1)}\n`,
);
