// node asyncapi.mjs FILE: prints what is wrong with an AsyncAPI document; exit 1 if anything is an error.
import { createRequire } from 'node:module';
const require = createRequire(`${process.env.NODE_TOOLS}/`);
const { Parser, fromFile } = require('@asyncapi/parser');
const { diagnostics } = await fromFile(new Parser(), process.argv[2]).parse();
const errors = diagnostics.filter((d) => d.severity === 0);
for (const d of errors) console.error(`${process.argv[2]}:${d.range.start.line + 1}: ${d.message} (${d.path.join('.')})`);
process.exit(errors.length ? 1 : 0);
