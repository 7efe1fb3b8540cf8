import { Lab } from './lab.ts'
import { readFileSync } from 'node:fs'
const lab = await Lab.build()
console.log(await lab.nodelb(['apply','-f','/tmp/churn.json','--node','node-a','--scope','all']))
for (const [from,to] of [['client','203.0.113.10:80'],['client','[2001:db8:100::10]:80'],['node','10.96.0.10:80'],['pod-a','[fd00:10:96::10]:80'],['node','[fd00:10:96::10]:80'],['pod-b','[fd00:10:96::10]:80'],['pod-a','10.96.0.10:80']]) {
 const r = await lab.probe({from:from as never,to:to as string,timeout:1500}); const c:Record<string,number>={}; for(const x of r){const k=JSON.stringify(x); c[k]=(c[k]??0)+1}; console.log(from,to,c) }
console.log((await lab.run('nft',['list','ruleset'])).stdout)
await lab.remove()
