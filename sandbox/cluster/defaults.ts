import { isObject, type Json } from './json.ts';

/** The defaults that someone reads back; the API server fills in many more. */
export function withDefaults(object: Json): Json {
  switch (object['kind']) {
    case 'Secret':
      return secretDefaults(object);
    case 'Deployment':
      return { ...object, spec: deploymentSpec(object['spec']) };
    case 'Namespace':
      return {
        ...object,
        spec: { finalizers: ['kubernetes'] },
        status: object['status'] ?? { phase: 'Active' },
      };
    default:
      return object;
  }
}

/** `stringData` is for writing only: it ends up in `data`. */
function secretDefaults({ stringData, ...secret }: Json): Json {
  const written = Object.entries(isObject(stringData) ? stringData : {}).map(([key, text]) => [
    key,
    Buffer.from(String(text)).toString('base64'),
  ]);
  const data = { ...(isObject(secret['data']) ? secret['data'] : {}), ...Object.fromEntries(written) };
  return {
    ...secret,
    ...(Object.keys(data).length > 0 ? { data } : {}),
    type: secret['type'] ?? 'Opaque',
  };
}

function deploymentSpec(spec: unknown): Json {
  const given = isObject(spec) ? spec : {};
  const strategy = isObject(given['strategy']) ? given['strategy'] : {};
  const type = strategy['type'] ?? 'RollingUpdate';
  return {
    replicas: 1,
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
    ...given,
    strategy:
      type === 'RollingUpdate'
        ? { rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' }, ...strategy, type }
        : { ...strategy, type },
  };
}
