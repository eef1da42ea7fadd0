interface Login {
  readonly url: string;
  readonly ca: string;
  readonly token: string;
  readonly namespace: string;
}

/** A kubeconfig, as JSON (which is YAML too). */
export function kubeconfigOf({ url, ca, token, namespace }: Login): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'sandbox',
        cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') },
      },
    ],
    users: [{ name: 'account', user: { token } }],
    contexts: [{ name: 'sandbox', context: { cluster: 'sandbox', user: 'account', namespace } }],
    'current-context': 'sandbox',
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
