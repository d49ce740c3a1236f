import { chromium } from "playwright-core";
const pw={pat:"atXMaDQCiD5W1vYq",mara:"eP4NTGz9OFYe1eHS",ada:"1vmYKSokAB-CTqPf",finn:"9TWkOv5Ra0ljdQf1"};
const url=process.env.URL_||"http://127.0.0.1:8391";
const b=await chromium.launch({executablePath:"/usr/bin/chromium",args:["--headless","--no-sandbox","--disable-gpu"]});
export async function open(who,{scheme="light",width=1440,height=900}={}){
  const c=await b.newContext({baseURL:url,viewport:{width,height},colorScheme:scheme,reducedMotion:"reduce"});
  c.setDefaultTimeout(8000);
  const p=await c.newPage();
  p.on("console",m=>{if(m.type()==="error")console.log("CONSOLE",m.text())});
  p.on("pageerror",e=>console.log("PAGEERROR",e.message));
  await p.request.post("/api/v1/session",{data:{login:who,password:pw[who]},headers:{origin:url}});
  return p;
}
export async function shot(p,name){ await p.getByRole('heading',{level:1}).waitFor(); await p.waitForFunction(()=>document.querySelector('[aria-label="Loading"], .mantine-Skeleton-root, [aria-busy=true]')===null); await p.waitForTimeout(250); await p.screenshot({path:`/tmp/web3-shots/${name}.png`,fullPage:true}); }
const run=(await import(process.argv[2])).default;
try { await run({open,shot}); } finally { await b.close(); }
