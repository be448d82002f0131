export const secret = process.env.NEXT_PUBLIC_STREAM_API_SECRET; // expect
const other = import.meta.env.VITE_STREAM_SECRET; // expect
