import { globSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from '../cluster/cache.ts';
import { type Command, freePorts } from './process.ts';

/** Where the cluster's build has put it; undefined before. */
export function findVersitygw(): string | undefined {
  return globSync(cached('bin', 'versitygw-*', 'versitygw'))[0];
}

interface VersitygwOptions {
  readonly program: string;
  readonly keys: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

/** Its command line over a folder. */
export function versitygwOver({
  program,
  keys,
  tls,
}: VersitygwOptions): (folder: string) => Promise<Command> {
  return async (folder) => {
    const [port = 0] = await freePorts(1);
    const args = ['--port', `127.0.0.1:${port}`];
    if (tls) {
      const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
      await writeFile(cert, tls.cert);
      await writeFile(key, tls.key, { mode: 0o600 });
      args.push('--cert', cert, '--key', key);
    }
    const env = { ROOT_ACCESS_KEY: keys.accessKeyId, ROOT_SECRET_KEY: keys.secretAccessKey };
    return { port, program, args: [...args, 'posix', folder], env };
  };
}
