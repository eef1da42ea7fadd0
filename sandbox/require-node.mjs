// Plain JavaScript on purpose: an old Node must be able to read this file to say that it is too old.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 24 || (major === 24 && minor < 14)) {
  console.error(
    `llm-rollout needs Node 24.14 or newer, and this is Node ${process.versions.node}.\n` +
      'Try: npm ci   (on Linux x64 and arm64 it brings the right Node for the npm scripts), or install Node 24.',
  );
  process.exit(1);
}
