import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Log } from '../log.ts';

export interface Authority {
  readonly pem: string;
  /** The file or folder that named it. */
  readonly place: string;
}

type Env = Readonly<Record<string, string | undefined>>;

/** What OpenShift Pipelines mounts into every pod of a TaskRun: the cluster's bundle and the service authority. */
const tektonFolder = '/tekton-custom-certs';
/** What signs the certificates of Services; older clusters put it beside the account's token. */
const serviceAuthority = '/var/run/secrets/kubernetes.io/serviceaccount/service-ca.crt';
/** A bundle has a few hundred kilobytes; whatever is bigger is not one. */
const largestFile = 8 * 1024 * 1024;

/**
 * The authorities that the cluster gave this pod and that `known` (PEM) does not hold yet, in the order of the places:
 * LLM_ROLLOUT_CA_DIR, SSL_CERT_FILE, the folders of SSL_CERT_DIR, Tekton's folder, the account's folder.
 */
export async function addAuthorities(env: Env, known: readonly string[], log: Log): Promise<Authority[]> {
  const seen = new Set(known.map(bodyOf));
  const added: Authority[] = [];
  for (const authority of await readAll(placesIn(env))) {
    const body = bodyOf(authority.pem);
    if (seen.has(body)) continue;
    seen.add(body);
    if (isCertificate(authority.pem)) added.push(authority);
    else log.warn('not a certificate, left out', { place: authority.place });
  }
  return added;
}

async function readAll(places: ReadonlySet<string>): Promise<Authority[]> {
  const read = [...places].map(async (place) => {
    const texts = await readTexts(place);
    return texts.flatMap((text) => certificatesIn(text).map((pem) => ({ pem, place })));
  });
  return (await Promise.all(read)).flat();
}

function placesIn(env: Env): Set<string> {
  const named = [
    env['LLM_ROLLOUT_CA_DIR'],
    env['SSL_CERT_FILE'],
    ...(env['SSL_CERT_DIR']?.split(path.delimiter) ?? []),
    tektonFolder,
    serviceAuthority,
  ];
  return new Set(named.filter((place): place is string => Boolean(place)));
}

async function readTexts(place: string): Promise<string[]> {
  const files = await filesAt(place);
  const texts = await Promise.all(files.map((file) => readText(file)));
  return texts.filter((text) => text !== undefined);
}

/** Every place is optional, and what cannot be read (another user's key beside the bundle) is no authority of ours. */
async function readText(file: string): Promise<string | undefined> {
  try {
    const { size } = await stat(file);
    return size <= largestFile ? await readFile(file, 'latin1') : undefined;
  } catch {
    return undefined;
  }
}

async function filesAt(place: string): Promise<string[]> {
  try {
    return (await readdir(place)).map((name) => path.join(place, name));
  } catch {
    return [place];
  }
}

function certificatesIn(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function bodyOf(pem: string): string {
  return pem.replace(/-----[A-Z ]+-----|\s/g, '');
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== '';
  } catch {
    return false;
  }
}
