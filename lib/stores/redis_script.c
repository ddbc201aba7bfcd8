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
    "local sub,byte,num,fmt=string.sub,string.byte,tonumber,string.format "
    "local now,k,px,E,B=fmt('%016.0f',us),num(A[3]),A[3],A[5],A[6] "
    "local any,l=A[4]=='L' or A[4]=='U',A[4]=='L' or A[4]=='l' "
    "local bare,future=A[9]=='1',num(A[8])>ms "
    "local forgot=unborn and ms>=unborn "
    "local doubts=not any and (num(A[7])<from or bare and forgot) "
    "local function born(i) return sub(B,i*16-15,i*16) end "
    "local function doubt(i) local b=num(born(i)) "
    " if b>0 then return b<from end return forgot end "
    "local out,o,add,del,skip,wrote={now},1,{},{},#K[2]+2,false "
    "local function tell(i,x) out[o+1]=i out[o+2]=x o=o+2 end "
    "local letter=l and 'l' or 'u' local head=now..letter "
    "local function px_of(i) local b=num(born(i)) "
    " if b>ms then return fmt('%.0f',math.min(k+b-ms,1e13)) end "
    " return px end "
    "local a,d=0,0 "
    "local function list(i,key) "
    " add[a+1]=sub(key,skip) add[a+2]=born(i) a=a+2 end "
    "local cur if doubts or E~='' then cur=c('MGET',unpack(K,4)) end "
    "local all=E=='' and l and not doubts "
    "if all then local m,n={},0 "
    " for i=1,#K-3 do local key=K[i+3] "
    "  m[n+1]=key m[n+2]=head..A[i+9] n=n+2 list(i,key) end "
    " all=c('MSETNX',unpack(m))==1 if not all then add,a={},0 end "
    "end "
    "if all then "
    "elseif E=='' then "
    " for i=1,#K-3 do local key,r=K[i+3] "
    "  if cur and cur[i] then tell(i,cur[i]) "
    "  elseif doubts and doubt(i) then tell(i,1) "
    "  else local v=head..A[i+9] "
    "   if l then r=c('SET',key,v,'NX') if r then list(i,key) end "
    "   else r=c('SET',key,v,'PX',future and px_of(i) or px,'NX') end "
    "   if r then wrote=true else "
    "    r=redis.pcall('GET',key) "
    "    tell(i,type(r)=='string' and r or 2) end "
    "  end "
    " end "
    "else "
    " for i=1,#K-3 do local key,x=K[i+3],cur[i] "
    "  if x then local e=sub(E,i*16-15,i*16) "
    "   if sub(x,1,16)==e then local v=A[i+9] "
    "    if e<now then v=head..v else "
    "     e=fmt('%016.0f',num(e)+1) tell(i,e) "
    "     v=e..(l and 'L' or 'U')..now..v end "
    "    if l then c('SET',key,v) list(i,key) else "
    "     c('PSETEX',key,future and px_of(i) or px,v) wrote=true "
    "     local h=byte(x,17) "
    "     if h==108 or h==76 then d=d+1 del[d]=sub(key,skip) end end "
    "   else tell(i,x) end "
    "  elseif doubts and doubt(i) then tell(i,1) "
    "  else tell(i,0) end "
    " end "
    "end "
    "if a>0 then c('HSET',K[3],unpack(add)) end "
    "if d>0 then c('HDEL',K[3],unpack(del)) end "
    "if wrote and not l then "
    " if not keep or k<keep then c('HSET',K[2],'keep',px) end "
    " if not due or ms+k<due then c('HSET',K[2],'due',fmt('%.0f',ms+k)) end "
    " if bare and (not unborn or ms+k<unborn) then "
    "  c('HSET',K[2],'unborn',fmt('%.0f',ms+k)) end "
    "end "
    "return out";
