import { buildBundles } from '../../../steps/build.ts';

// A process of its own: the test runner's modules lack what the build asks of Node's.
const folder = process.argv[2];
if (folder === undefined) throw new Error('Usage: node test/cluster/images/bundle.ts FOLDER');
await buildBundles(folder);
