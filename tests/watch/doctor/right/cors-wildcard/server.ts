res.setHeader("Access-Control-Allow-Origin", "https://app.example.com");
app.use(cors({ origin: ["https://app.example.com"] }));
