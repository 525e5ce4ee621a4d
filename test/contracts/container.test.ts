import { containerContract } from "./container.ts";
import { containers } from "./containers.ts";

for (const container of containers) containerContract(container);
