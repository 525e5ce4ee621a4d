"use client";

import dynamic from "next/dynamic";

/** Made in the browser: React gives no listeners and no functions to an element that came as HTML (github.com/facebook/react/issues/35446). */
export const Live = dynamic(() => import("./player.jsx"), { ssr: false });
