/**
 * The stand-in for OpenShift AI's proxy as a process of its own, for a pod of a real cluster. Environment:
 *   GUARD_UPSTREAM  http://host:port of the model
 *   GUARD_SERVICE   `namespace/name` of the InferenceService
 *   GUARD_TLS       folder with tls.crt and tls.key (/etc/guard)
 * It listens on 8443, and asks the API server with the pod's account, which needs `system:auth-delegator`.
 */
import { readFile } from 'node:fs/promises';
import { startGuard } from '../guard.ts';
import { clusterReviews } from '../model/cluster-reviews.ts';

// The first process of a container ignores signals that it does not handle.
process.once('SIGTERM', () => process.exit(143));
const account = '/var/run/secrets/kubernetes.io/serviceaccount';
const { env } = process;
const [namespace = '', name = ''] = (env['GUARD_SERVICE'] ?? '').split('/');
const folder = env['GUARD_TLS'] ?? '/etc/guard';
await startGuard({
  upstream: env['GUARD_UPSTREAM'] ?? '',
  tls: { cert: await readFile(`${folder}/tls.crt`), key: await readFile(`${folder}/tls.key`) },
  reviews: clusterReviews({
    server: `https://${env['KUBERNETES_SERVICE_HOST']}:${env['KUBERNETES_SERVICE_PORT']}`,
    ca: await readFile(`${account}/ca.crt`, 'utf8'),
    token: async () => (await readFile(`${account}/token`, 'utf8')).trim(),
    service: { namespace, name },
  }),
  host: '0.0.0.0',
  port: 8443,
});
console.log(`guarding ${env['GUARD_UPSTREAM']}`);
