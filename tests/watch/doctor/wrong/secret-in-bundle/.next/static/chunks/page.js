(()=>{let a=process.env.STREAM_API_SECRET})() /* expect */
(()=>{let t={key:"q7w2x9c4v8b5",secret:"9k2m4v7c1x8z5b3n6q0w4e7r2t5y8u1i9o3p6a4s7d2f5g8h1j0k3l6z"}})() /* expect */
