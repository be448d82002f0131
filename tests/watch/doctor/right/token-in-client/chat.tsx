"use client";
const token = await createTokenProvider(fetchToken);
