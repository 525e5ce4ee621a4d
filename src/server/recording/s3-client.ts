import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";

/** Where objects go, and who we are there. */
export interface S3Place {
  /** URL of the service, without the bucket: `https://s3.eu-central-1.amazonaws.com`. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** The service did not do what it was asked for. `code` is its own word, or that of the network. Holds no key. */
export class S3Error extends Error {
  override readonly name = "S3Error";
  readonly status: number;
  readonly code: string;

  constructor(what: string, status: number, code: string) {
    super(`${what}: ${status === 0 ? code : `${status} ${code}`}`);
    this.status = status;
    this.code = code;
  }
}

/** Milliseconds for one request with its body and answer. */
const PATIENCE = 60_000;
/** Bytes of an answer that are read. */
const MOST_ANSWER = 1024 * 1024;

interface Asked {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
}

interface Answer {
  readonly headers: Headers;
  readonly text: string;
}

/** The few requests of S3 that uploads need (Amazon S3 API reference, 2006-03-01), signed with Signature Version 4. It tries once: who asks tries again. */
export class S3Client {
  readonly #place: S3Place;
  readonly #patience: number;
  readonly #aws: AwsClient;

  /** @param patience milliseconds for one request */
  constructor(place: S3Place, patience = PATIENCE) {
    this.#place = place;
    this.#patience = patience;
    this.#aws = new AwsClient({
      accessKeyId: place.accessKey,
      secretAccessKey: place.secretKey,
      region: place.region,
      service: "s3",
      retries: 0,
    });
  }

  /** @returns the id of a new multipart upload */
  async begin(key: string): Promise<string> {
    const { text } = await this.#ask("an upload was not begun", { method: "POST", key, query: { uploads: "" } });
    return tagged(text, "UploadId") ?? fail("an upload was not begun", "no UploadId");
  }

  /** @returns the part's ETag */
  async part(key: string, upload: string, number: number, body: Uint8Array<ArrayBuffer>): Promise<string> {
    const query = { partNumber: String(number), uploadId: upload };
    const { headers } = await this.#ask("a part was not taken", { method: "PUT", key, query, body });
    return headers.get("etag") ?? fail("a part was not taken", "no ETag");
  }

  async complete(key: string, upload: string, etags: readonly string[]): Promise<void> {
    const parts = etags.map((etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`);
    const body = new TextEncoder().encode(`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`);
    const { text } = await this.#ask("an upload was not completed", { method: "POST", key, query: { uploadId: upload }, body });
    // The service answers before it knows, so failures come with 200 too.
    if (!/<CompleteMultipartUploadResult[\s>]/.test(text)) fail("an upload was not completed", tagged(text, "Code") ?? "no result");
  }

  async abort(key: string, upload: string): Promise<void> {
    await this.#ask("an upload was not aborted", { method: "DELETE", key, query: { uploadId: upload } });
  }

  async put(key: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#ask("an object was not taken", { method: "PUT", key, body });
  }

  /** Bytes of an object. */
  async size(key: string): Promise<number> {
    const { headers } = await this.#ask("an object was not found", { method: "HEAD", key });
    const length = headers.get("content-length");
    return length === null ? fail("an object was not found", "no Content-Length") : Number(length);
  }

  async #ask(what: string, { method, key, query = {}, body }: Asked): Promise<Answer> {
    const { endpoint, bucket } = this.#place;
    const url = new URL(`${endpoint.replace(/\/+$/, "")}/${[bucket, ...key.split("/")].map(encodeURIComponent).join("/")}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const headers = {
      "X-Amz-Content-Sha256": createHash("sha256")
        .update(body ?? "")
        .digest("hex"),
    };
    const signal = AbortSignal.timeout(this.#patience);
    try {
      const request = await this.#aws.sign(url.href, { method, headers, ...(body !== undefined && { body }) });
      const response = await fetch(request, { signal, redirect: "manual" });
      const text = method === "HEAD" ? "" : await textOf(response);
      if (response.status < 200 || response.status > 299)
        throw new S3Error(what, response.status, tagged(text, "Code") ?? response.statusText);
      return { headers: response.headers, text };
    } catch (error) {
      if (error instanceof S3Error) throw error;
      const { cause, name, message } = error as Error & { cause?: { code?: string } };
      throw new S3Error(what, 0, name === "TimeoutError" ? "no answer in time" : (cause?.code ?? message));
    }
  }
}

function fail(what: string, code: string): never {
  throw new S3Error(what, 200, code);
}

async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  if (response.body === null) return "";
  for await (const part of response.body as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > MOST_ANSWER) throw new Error("the answer is too long");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** The text between the tags of a simple element. */
function tagged(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]{1,4096})</${name}>`).exec(xml)?.[1];
  return text?.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
