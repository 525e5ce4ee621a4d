import { httpIngest } from "./http-ingest.ts";
import { ingestContract } from "./ingest.ts";
import { rtmpIngest } from "./rtmp-ingest.ts";
import { wsIngest } from "./ws-ingest.ts";

for (const ingest of [rtmpIngest, httpIngest, wsIngest]) ingestContract(ingest);
