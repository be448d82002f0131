(()=>{let a="secret handshake";class C{createToken(e){return this.secret}}})()
