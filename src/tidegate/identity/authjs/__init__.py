"""Sessions of Auth.js and NextAuth: encrypted by the app with its own secret, or kept by it in a database."""
