import { isPreconditionFailed } from '../lib/bucket/error.ts';
import type { Log } from '../lib/log.ts';

/** Of several runs one may replace the object while another reads it. */
const readings = 3;

/** Reads anew when the object was replaced meanwhile: of two, no bytes may be mixed. */
export async function readSteadily<T>(key: string, log: Log, read: () => Promise<T>): Promise<T> {
  for (let reading = 1; ; reading += 1) {
    try {
      return await read();
    } catch (error) {
      if (!isPreconditionFailed(error) || reading === readings) throw error;
      log.warn('reading an object anew that was replaced meanwhile', { key });
    }
  }
}
