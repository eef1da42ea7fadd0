import { join } from 'node:path';
import { buildBundles } from '../steps/build.ts';
import { createDemoModel } from './demo-model.ts';
import { readOptions, usage, type Options } from './options.ts';
import { reportRun } from './report.ts';
import { rollOut } from './rollout.ts';
import { lackOfRoom, startWorld, type World } from './world.ts';

process.exit(await start(process.argv.slice(2)));

/** The demo: builds, starts the sandbox, rolls the model out, reports, cleans up. Gives the Pipeline's exit code. */
async function start(words: readonly string[]): Promise<number> {
  const options = readOptions(words);
  if (options === 'help') return say(usage, 0);
  if ('problems' in options) return say(`${options.problems.join('\n')}\nTry: npm start -- --help\n`, 64);
  const lack = await lackOfRoom(options.modelSize);
  if (lack)
    return say(`${lack}.\nTry: TMPDIR=<a folder with room> npm start, or a smaller --model-size\n`, 1);
  const stop = stopOnSignals();
  const dist = join(import.meta.dirname, '..', 'dist');
  await buildBundles(dist);
  let world: World | undefined;
  try {
    world = await startWorld({
      repo: createDemoModel({ bytes: options.modelSize }).repo,
      dist,
      s3Port: options.port,
    });
    return await demonstrate(world, options, stop);
  } catch (error) {
    if (!isPortTaken(error)) throw error;
    return say(
      `port ${options.port} is taken by another program.\nTry: npm start -- --port 0   (takes any that is free)\n`,
      1,
    );
  } finally {
    await world?.close();
  }
}

async function demonstrate(world: World, options: Options, stop: AbortSignal): Promise<number> {
  const end = await rollOut({
    world,
    params: { 'hf-endpoint': world.hub.url },
    signal: stop,
    onLine: (task, step, line) => process.stdout.write(`[${task} : ${step}] ${line}\n`),
  });
  const objects = world.bucket
    .keys(world.bucketName)
    .map((key) => ({ key, size: world.bucket.object(world.bucketName, key)?.size ?? 0 }));
  say(`\n${reportRun(end, objects, `s3://${world.bucketName} at ${world.bucket.url}`)}`, 0);
  for (const refusal of world.refusals()) console.error(`the sandbox does not know: ${refusal}`);
  if (options.stay && !stop.aborted) await stay(world, stop);
  else
    say(
      `\nThe sandbox is gone, and its objects with it; dist/ holds the bundles. To look around: npm start -- --stay\n`,
      0,
    );
  if (stop.aborted && end.status === 'Cancelled') return 130;
  return end.status === 'Succeeded' ? 0 : 1;
}

async function stay(world: World, stop: AbortSignal): Promise<void> {
  const kubeconfig = await world.cluster.kubeconfig();
  say(
    `\nThe sandbox stays up until Ctrl-C:\n  export KUBECONFIG=${kubeconfig}\n  kubectl get inferenceservices,pods -n gpt-oss\n  Hub ${world.hub.url}\n  S3  ${world.bucket.url}\n`,
    0,
  );
  await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
}

function stopOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => controller.abort());
  return controller.signal;
}

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

function say(text: string, exitCode: number): number {
  process.stdout.write(text);
  return exitCode;
}
