// Prints the syntax errors of each file named on the command line.
const fs = require("node:fs");
const ts = require(process.env.TYPESCRIPT);

for (const file of process.argv.slice(2)) {
  const { diagnostics } = ts.transpileModule(fs.readFileSync(file, "utf8"), {
    fileName: file,
    reportDiagnostics: true,
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, jsx: ts.JsxEmit.ReactJSX },
  });
  for (const { messageText } of diagnostics) console.log(`${file}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`);
}
