import { chromium } from "playwright-core";
import { readFileSync } from "node:fs";
const [out,...names]=process.argv.slice(2);
const b=await chromium.launch({executablePath:"/usr/bin/chromium",args:["--headless","--no-sandbox","--disable-gpu"]});
const p=await b.newPage({viewport:{width:2000,height:400}});
await p.setContent(`<body style="margin:0;display:inline-flex;gap:10px;align-items:flex-start;background:#888">${names.map(n=>`<img style="max-height:${process.env.H||1100}px" src="data:image/png;base64,${readFileSync(`/tmp/web3-shots/${n}.png`).toString("base64")}">`).join("")}</body>`);
await p.locator("body").screenshot({path:`/tmp/web3-shots/${out}.png`});
await b.close();
