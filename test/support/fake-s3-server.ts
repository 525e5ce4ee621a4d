/** A small S3 server for tests: objects in memory, multipart uploads, signatures checked by the letter of "Signature Version 4", and faults. */
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const s3Keys = { accessKey: "AKIDTEST", secretKey: "secret/of+tests", region: "eu-test-1", bucket: "media" } as const;

/** What goes wrong with a request: an answer of 500, none at all, or a part that is stored without its end. */
export type S3Fault = "error" | "hang" | "short" | "late-error";

interface Multipart {
  readonly key: string;
  readonly parts: Map<number, Buffer>;
}

export class FakeS3 implements AsyncDisposable {
  readonly objects = new Map<string, Buffer>();
  readonly uploads = new Map<string, Multipart>();
  /** Each request, `PUT part 2`. */
  readonly log: string[] = [];
  /** Bytes of a part at least, but for the last. */
  smallestPart = 5 * 1024 * 1024;
  /** Decides about each request. */
  fault: (what: string) => S3Fault | undefined = () => undefined;
  readonly #server: Server;
  #ids = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#take(request, response));
  }

  static async start(): Promise<FakeS3> {
    const fake = new FakeS3();
    fake.#server.listen(0, "127.0.0.1");
    await once(fake.#server, "listening");
    return fake;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces);
    const url = new URL(request.url!, "http://s3");
    const mistake = signatureMistake(request, url, body);
    if (mistake !== undefined) return this.#fail(response, 403, "SignatureDoesNotMatch", mistake);
    const what = wordsFor(request.method!, url);
    this.log.push(what);
    const fault = this.fault(what);
    if (fault === "hang") return;
    if (fault === "error") return this.#fail(response, 500, "InternalError", "as asked for");
    if (fault === "late-error") return void response.writeHead(200).end("<Error><Code>InternalError</Code></Error>");
    this.#answer(what, { request, response, url }, fault === "short" ? body.subarray(0, -1) : body);
  }

  #answer(what: string, { request, response, url }: { request: IncomingMessage; response: ServerResponse; url: URL }, body: Buffer): void {
    const [, bucket, ...rest] = url.pathname.split("/").map(decodeURIComponent);
    const key = rest.join("/");
    if (bucket !== s3Keys.bucket) return this.#fail(response, 404, "NoSuchBucket", "");
    const id = url.searchParams.get("uploadId") ?? "";
    const upload = this.uploads.get(id);
    const etag = `"${createHash("md5").update(body).digest("hex")}"`;
    const send = (text: string, headers: Record<string, string> = {}): void => void response.writeHead(200, headers).end(text);
    if (url.searchParams.has("uploads")) {
      const made = `upload-${++this.#ids}`;
      this.uploads.set(made, { key, parts: new Map() });
      return send(`<InitiateMultipartUploadResult><UploadId>${made}</UploadId></InitiateMultipartUploadResult>`);
    }
    if (url.searchParams.has("uploadId")) {
      if (upload === undefined || upload.key !== key) return this.#fail(response, 404, "NoSuchUpload", "");
      if (request.method === "DELETE") {
        this.uploads.delete(id);
        return void response.writeHead(204).end();
      }
      if (request.method === "PUT") {
        upload.parts.set(Number(url.searchParams.get("partNumber")), body);
        return send("", { ETag: etag });
      }
      return this.#complete(response, id, upload, body.toString("utf8"));
    }
    if (what.startsWith("PUT")) {
      this.objects.set(key, body);
      return send("", { ETag: etag });
    }
    const object = this.objects.get(key);
    if (object === undefined) return this.#fail(response, 404, "NoSuchKey", "");
    response.writeHead(200, { "Content-Length": object.length }).end(request.method === "HEAD" ? undefined : object);
  }

  #complete(response: ServerResponse, id: string, upload: Multipart, body: string): void {
    const wanted = [...body.matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>&quot;(\w+)&quot;<\/ETag>/g)];
    const parts = wanted.map(([, number]) => upload.parts.get(Number(number)));
    const isRight = wanted.every(([, , md5], i) => parts[i] !== undefined && createHash("md5").update(parts[i]).digest("hex") === md5);
    if (!isRight || wanted.length === 0) return this.#fail(response, 400, "InvalidPart", "");
    if (parts.slice(0, -1).some((part) => part!.length < this.smallestPart)) return this.#fail(response, 400, "EntityTooSmall", "");
    this.objects.set(upload.key, Buffer.concat(parts as Buffer[]));
    this.uploads.delete(id);
    response.writeHead(200).end("<CompleteMultipartUploadResult></CompleteMultipartUploadResult>");
  }

  #fail(response: ServerResponse, status: number, code: string, message: string): void {
    response
      .writeHead(status, { "Content-Type": "application/xml" })
      .end(`<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
  }
}

function wordsFor(method: string, { searchParams }: URL): string {
  if (searchParams.has("uploads")) return "begin";
  if (searchParams.has("partNumber")) return `part ${searchParams.get("partNumber")}`;
  if (searchParams.has("uploadId")) return method === "POST" ? "complete" : "abort";
  return method;
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** What is wrong with a request's signature ("Authenticating Requests: Using the Authorization Header"); undefined for a right one. */
function signatureMistake({ method, headers }: IncomingMessage, url: URL, body: Buffer): string | undefined {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? "",
    );
  if (match === null) return "no authorization";
  const [, id, day, region, signed, signature] = match as unknown as [string, string, string, string, string, string];
  if (id !== s3Keys.accessKey || region !== s3Keys.region) return "another key or region";
  const date = String(headers["x-amz-date"]);
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!date.startsWith(day) || !(Math.abs(at - Date.now()) < 900_000)) return "another time";
  const names = signed.split(";");
  if (!names.includes("host") || !names.includes("x-amz-content-sha256")) return "headers are not signed";
  if (headers["x-amz-content-sha256"] !== sha256(body)) return "another body";
  const query = [...url.searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .toSorted()
    .join("&");
  const path = url.pathname.split("/").map((part) => encoded(decodeURIComponent(part)));
  const canonical = [
    method,
    path.join("/"),
    query,
    ...names.map((name) => `${name}:${String(headers[name]).trim().replaceAll(/ +/g, " ")}`),
    "",
    signed,
    sha256(body),
  ].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
  const key = hmac(hmac(hmac(hmac(`AWS4${s3Keys.secretKey}`, day), region), "s3"), "aws4_request");
  return hmac(key, toSign).toString("hex") === signature ? undefined : "another signature";
}
