/* SPDX-License-Identifier: MIT */
/* redis_script.c - see redis_script.h. */
#include "redis_script.h"

const char mqm__redis_script_hello[] =
    "local c,k=redis.call,KEYS[1] "
    "local t=c('TIME') local ms=string.format('%.0f',t[1]*1000+"
    "math.floor(t[2]/1000)) "
    "local r=c('HMGET',k,'id','created') "
    "if not (r[1] and r[2]) then r={ARGV[1],ms} "
    "c('HSET',k,'id',r[1],'created',r[2]) end "
    "return {r[1],r[2],ms}";

#define SAME_STORE                                                             \
    "local c,K,A=redis.call,KEYS,ARGV "                                        \
    "if c('HGET',K[1],'id')~=A[1] then "                                       \
    "return {err='MQMSTORE it is another store than before'} end "             \
    "local t=c('TIME') local us=t[1]*1000000+t[2] "                            \
    "local ms=math.floor(us/1000) "                                            \
    "local m=c('HMGET',K[2],'from','keep','due','unborn') "                    \
    "local from,keep=tonumber(m[1]) or 0,tonumber(m[2]) "                      \
    "local due,unborn=tonumber(m[3]),tonumber(m[4]) "                          \
    "local function raise(x) if x>from then from=x unborn=1 "                  \
    "c('HSET',K[2],'from',string.format('%.0f',x),'unborn','1') end end "      \
    "raise(tonumber(A[2])) "

#define BEGINS "if due and ms>=due and ms-keep+1>from then from=ms-keep+1 end "

const char mqm__redis_script_memory[] = SAME_STORE
    "raise(tonumber(A[3])) " BEGINS "return string.format('%.0f',from)";

const char mqm__redis_script_swap[] = SAME_STORE BEGINS
    "local sub,fmt,num=string.sub,string.format,tonumber "
    "local now,k=fmt('%016.0f',us),num(A[3]) "
    "local out,o={now},1 "
    "local add,del,skip={},{},#K[2]+2 "
    "local expires,bare=false,false "
    "local forgot=unborn and ms>=unborn "
    "local cur=c('MGET',unpack(K,4)) "
    "for i=1,#cur do "
    " local key,x,p=K[i+3],cur[i],i*4 "
    " local how,e,b,v=A[p],A[p+1],num(A[p+2]),A[p+3] "
    " local l,w,done=how=='l' or how=='L',now,false "
    " if x then "
    "  if sub(x,1,16)==e then "
    "   done=true "
    "   if e>=now then w=fmt('%016.0f',num(e)+1) end "
    "  else out[o+1]=i out[o+2]=x o=o+2 end "
    " else "
    "  local f=forgot if b>0 then f=b<from end "
    "  if f and (how=='l' or how=='u') then out[o+1]=i out[o+2]=1 o=o+2 "
    "  elseif e=='0000000000000000' then done=true "
    "  else out[o+1]=i out[o+2]=0 o=o+2 end "
    " end "
    " if done then "
    "  if w==now then v=w..(l and 'l' or 'u')..v "
    "  else v=w..(l and 'L' or 'U')..now..v end "
    "  local r "
    "  if l then "
    "   if x then r=c('SET',key,v) else r=c('SET',key,v,'NX') end "
    "   if r then add[#add+1]=sub(key,skip) add[#add+1]=A[p+2] end "
    "  else "
    "   local px=A[3] "
    "   if b>ms then px=fmt('%.0f',math.min(k+b-ms,1e13)) end "
    "   if x then r=c('SET',key,v,'PX',px) "
    "    local h=sub(x,17,17) "
    "    if h=='l' or h=='L' then del[#del+1]=sub(key,skip) end "
    "   else r=c('SET',key,v,'PX',px,'NX') end "
    "   expires=true "
    "   if b<=0 then bare=true end "
    "  end "
    "  if not r then out[o+1]=i out[o+2]=2 o=o+2 "
    "  elseif w~=now then out[o+1]=i out[o+2]=w o=o+2 end "
    " end "
    "end "
    "if #add>0 then c('HSET',K[3],unpack(add)) end "
    "if #del>0 then c('HDEL',K[3],unpack(del)) end "
    "if expires then "
    " if not keep or k<keep then c('HSET',K[2],'keep',A[3]) end "
    " if not due or ms+k<due then c('HSET',K[2],'due',fmt('%.0f',ms+k)) end "
    " if bare and (not unborn or ms+k<unborn) then "
    "  c('HSET',K[2],'unborn',fmt('%.0f',ms+k)) end "
    "end "
    "return out";
