// What docs/how-to/clerk-expo.md promises of its token provider, against a running service.
import assert from "node:assert/strict";
import { test } from "node:test";

const { createTokenProvider } = await import(process.env.PROVIDER);
const url = `${process.env.SERVICE_URL}/stream/token`;
const session = process.env.SESSION;

function provider(changes = {}) {
  const seen = { requests: 0, sessions: [] };
  const made = createTokenProvider({
    url,
    getSession: async ({ skipCache }) => {
      seen.sessions.push(skipCache);
      return session;
    },
    ...changes,
    fetch: (...request) => {
      seen.requests += 1;
      return (changes.fetch ?? fetch)(...request);
    },
  });
  return { made, seen };
}

function answer(status, body, headers = {}) {
  return new Response(JSON.stringify(body), { status, headers });
}

test("one request serves all who wait, and its token is kept", async () => {
  const { made, seen } = provider();
  const tokens = await Promise.all([1, 2, 3, 4, 5].map(() => made.token()));
  assert.equal(new Set(tokens).size, 1);
  assert.equal(seen.requests, 1);
  const details = await made.details();
  assert.equal(details.token, tokens[0]);
  assert.ok(details.user_id && details.api_key);
  assert.equal(seen.requests, 1);
});

test("after refresh_after it asks again, by the server's clock", async () => {
  let now = 5_000; // a clock that knows no dates
  const { made, seen } = provider({ now: () => now });
  const first = await made.details();
  const life = Date.parse(first.refresh_after) - Date.parse(first.server_time);
  now += life - 1_000;
  await made.token();
  assert.equal(seen.requests, 1);
  now += 2_000;
  await made.token();
  assert.equal(seen.requests, 2);
});

test("when asking fails the old token serves until it ends", async () => {
  let now = 0;
  let down = false;
  const { made } = provider({
    now: () => now,
    fetch: (...request) => (down ? Promise.reject(new TypeError("down")) : fetch(...request)),
  });
  const first = await made.details();
  down = true;
  now = Date.parse(first.refresh_after) - Date.parse(first.server_time) + 1_000;
  assert.equal(await made.token(), first.token);
  now = Date.parse(first.expires_at) - Date.parse(first.server_time) + 1_000;
  await assert.rejects(made.token(), { name: "ExchangeRefused", reason: "network", status: 0 });
});

test("an expired session is replaced once", async () => {
  const expired = () => answer(401, { reason: "token_expired", detail: "expired" });
  const once = provider({ fetch: (...request) => (once.seen.requests === 1 ? expired() : fetch(...request)) });
  assert.ok(await once.made.token());
  assert.deepEqual(once.seen.sessions, [false, true]);

  const always = provider({ fetch: async () => expired() });
  await assert.rejects(always.made.token(), { reason: "token_expired", status: 401 });
  assert.equal(always.seen.requests, 2);
});

test("a short Retry-After is obeyed, a long one reported", async () => {
  const busy = (seconds) => answer(503, { reason: "shutting_down" }, { "Retry-After": String(seconds) });
  const short = provider({ fetch: (...request) => (short.seen.requests === 1 ? busy(0) : fetch(...request)) });
  assert.ok(await short.made.token());
  assert.equal(short.seen.requests, 2);

  const long = provider({ fetch: async () => busy(3600) });
  await assert.rejects(long.made.token(), { reason: "shutting_down", status: 503, retryAfter: 3600 });
  assert.equal(long.seen.requests, 1);
});

test("what the service refuses is reported by its reason, at once", async () => {
  const { made, seen } = provider({ getSession: async () => "not-a-session" });
  await assert.rejects(made.token(), { reason: "token_malformed", status: 401 });
  assert.equal(seen.requests, 1);
});

test("nobody signed in", async () => {
  const { made, seen } = provider({ getSession: async () => null });
  await assert.rejects(made.token(), { reason: "token_missing" });
  assert.equal(seen.requests, 0);
});

test("a service that does not answer in time is given up", async () => {
  const hanging = (_, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const { made } = provider({ fetch: hanging, timeout: 20 });
  await assert.rejects(made.token(), { reason: "network" });
});

test("after signing out nothing of the former person is handed out", async () => {
  const { made, seen } = provider();
  const underWay = made.token();
  made.clear();
  await assert.rejects(underWay, { reason: "token_missing" });
  assert.ok(await made.token());
  assert.equal(seen.requests, 2);
});
