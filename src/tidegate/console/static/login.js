// Takes the code out of the address, where no server, log or referrer sees it, and puts it into the form. Nothing is
// sent before the person says so: a link from somebody else must not sign them in as somebody else unasked.

const field = document.getElementById("code");
const code = location.hash.slice(1);
if (/^[A-Za-z0-9_-]{43}$/.test(code)) {
  field.value = code;
  history.replaceState(null, "", location.pathname);
  document.getElementById("enter").focus();
}
