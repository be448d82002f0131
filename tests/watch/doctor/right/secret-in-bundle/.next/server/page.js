(()=>{let a=process.env.STREAM_API_SECRET})()
