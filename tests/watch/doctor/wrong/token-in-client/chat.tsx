"use client";
const token = serverClient.createToken(user.id); // expect
