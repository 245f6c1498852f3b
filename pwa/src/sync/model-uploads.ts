/** What tus-js-client speaks with instead of the network, in tests: every request is answered by a function. */
import type { HttpStack } from 'tus-js-client';

export type AnswerUpload = (
  method: string,
  url: string,
  headers: ReadonlyMap<string, string>,
  body: Blob | null,
) => unknown;

export function uploadStack(answer: AnswerUpload): HttpStack {
  const createRequest = (method: string, url: string) => {
    const headers = new Map<string, string>();
    return {
      getMethod: () => method,
      getURL: () => url,
      setHeader: (name: string, value: string) => headers.set(name, value),
      getHeader: (name: string) => headers.get(name),
      setProgressHandler: () => undefined,
      abort: () => Promise.resolve(),
      getUnderlyingObject: () => null,
      send: async (body: Blob | null) => answer(method, url, headers, body),
    };
  };
  return { createRequest, getName: () => 'model' } as unknown as HttpStack;
}

export function uploadAnswer(status: number, headers: Record<string, string>, body = ''): unknown {
  return {
    getStatus: () => status,
    getHeader: (name: string) => headers[name],
    getBody: () => body,
    getUnderlyingObject: () => null,
  };
}
