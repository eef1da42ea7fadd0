import { findRing } from './inside-command.ts';
import { up } from './up.ts';

/** Before all tests: uses the cluster that is up, or starts one for as long as the tests take. */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  if ((await findRing()) !== undefined) return undefined;
  const ring = await up();
  return () => ring.stop();
}
