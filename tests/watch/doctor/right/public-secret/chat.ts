// NEXT_PUBLIC_STREAM_API_SECRET must never exist
export const key = process.env.NEXT_PUBLIC_STREAM_API_KEY;
export const secret = process.env.STREAM_API_SECRET;
