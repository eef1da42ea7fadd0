import { spawnSync } from 'node:child_process';
import { startApiOnly } from './api.ts';
import { findRing, insideCommand, toolFolders } from './inside-command.ts';
import { up, type RingAddress } from './up.ts';

const usage = `Usage: npm run cluster              a whole cluster, until Ctrl-C
       npm run cluster -- --only=api   etcd and an API server with all CRDs (no root)
       npm run cluster -- --shell      a shell inside the cluster that is up`;

const modes: Record<string, () => Promise<void>> = {
  '': keepCluster,
  '--only=api': keepApi,
  '--shell': openShell,
};

async function keepCluster(): Promise<void> {
  const ring = await up();
  console.log(`\nThe cluster is up, until Ctrl-C. In another terminal:\n\n${howToTalk(ring.address)}`);
  try {
    await Promise.race([stopped(), ring.ended]);
  } finally {
    await ring.stop();
  }
}

async function keepApi(): Promise<void> {
  const { kubeconfig, ended } = await startApiOnly();
  console.log(`\nThe API server is up, until Ctrl-C:\n\n  export KUBECONFIG=${kubeconfig}\n`);
  await Promise.race([stopped(), ended]);
}

async function openShell(): Promise<void> {
  const address = await findRing();
  if (address === undefined) throw new Error('No cluster is up.\nTry: npm run cluster');
  const { program, args, env } = insideCommand(address, process.env['SHELL'] ?? '/bin/bash', []);
  spawnSync(program, args, { env: { ...process.env, ...env }, stdio: 'inherit' });
}

const howToTalk = (
  address: RingAddress,
): string => `  npm run cluster -- --shell      a shell inside: kubectl, tkn, pods and Services are reachable

  export KUBECONFIG=${address.kubeconfig}
  export PATH=${toolFolders(address).join(':')}:$PATH
                                  the same programs outside, through a forwarded port

  S3 for pods: ${address.s3.endpoint}  ${address.s3.accessKey} / ${address.s3.secretKey}
  Logs of all its programs: ${address.state}/logs
`;

function stopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}

function fail(error: unknown): never {
  for (let cause = error; cause instanceof Error; cause = cause.cause) console.error(cause.message);
  process.exit(1);
}

const mode = modes[process.argv.slice(2).join(' ')];
if (mode === undefined) fail(new Error(usage));
await mode().catch(fail);
process.exit(0);
