res.setHeader("Access-Control-Allow-Origin", "*"); // expect
app.use(cors()); // expect
app.use(cors({ origin: true, credentials: true })); // expect
headers = [{ key: "Access-Control-Allow-Origin", value: "*" }]; // expect
