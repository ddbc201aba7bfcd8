/* SPDX-License-Identifier: MIT */
/* redis_script.c - see redis_script.h. */
#include "redis_script.h"

/* INFO may be forbidden: then neither a restart nor a policy is seen.  A
 * restart loses nothing if each change is on the disk before it is answered
 * (ARGV[2]), and nobody was promoted, who has a second replication id. */
const char mqm__redis_script_hello[] =
    "local c,k=redis.call,KEYS[1] "
    "local t=c('TIME') local ms=string.format('%.0f',t[1]*1000+"
    "math.floor(t[2]/1000)) "
    "local function info(section,what) "
    " local i=redis.pcall('INFO',section) "
    " return type(i)=='string' and string.match(i,what) or '' end "
    "local run=info('server','run_id:(%x+)') "
    "local r=c('HMGET',k,'id','created','run','floor') "
    "if not (r[1] and r[2]) then r={ARGV[1],ms,run,'0'} "
    "c('HSET',k,'id',r[1],'created',r[2],'run',run,'floor','0') "
    "elseif run~='' and run~=r[3] then "
    "local all=ARGV[2]=='1' and info('persistence','aof_enabled:(%d)')=='1' "
    " and info('replication','master_replid2:(0+)%s')~='' "
    "if not all then r[4]=ms c('HSET',k,'floor',ms) end "
    "c('HSET',k,'run',run) end "
    "local limit=info('memory','maxmemory:(%d+)') "
    "local evicts=info('memory','maxmemory_policy:(%S+)') "
    "if limit=='' or limit=='0' then evicts='noeviction' end "
    "return {r[1],r[2],ms,r[4] or '0',evicts}";

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

/* Reads, of each bucket, what is not open; writes the bucket, then what opens,
 * and takes away last.  E: what is expected, "" for none at all; B: the borns;
 * vo: before the values; cur: the open cells; x: the open one; z: it, or the
 * filed one; v: the new one.  A bucket that is no hash is no reason to fail the
 * others. */
const char mqm__redis_script_swap[] = SAME_STORE BEGINS
    "local pcall,sub,num,pack=redis.pcall,string.sub,tonumber,struct.pack "
    "local get=struct.unpack "
    "local k,how,last,newest=num(A[3]),A[4],num(A[6]),num(A[7]) "
    "local E,B,counts,n=A[8],A[9],A[10],num(A[15]) "
    "local one=#E==7 and E "
    "local I={get(string.rep(A[11],n),A[12])} "
    "local V={get(string.rep(A[13],n),A[14])} "
    "local fresh,bare,open=E=='',counts=='',K[3] "
    "local any,l=how=='L' or how=='U',how=='L' or how=='l' "
    "us=us-us%2 local now=pack('>I7',us) local guess=num(A[16]) "
    "local close=newest<guess and guess<us+20000 and guess>us-20000 "
    "if not close then for i=1,n do V[i]=now..sub(V[i],8) end end "
    "local forgot=unborn and ms>=unborn "
    "local doubts=not any and (bare and forgot or not bare and "
     "num(A[5])<from) "
    "local function born(i) "
     "return l and get('>I7',V[i],8) or get('>I7',B,i*7-6) end "
    "local function doubt(i) return bare or born(i)<from end "
    "local out,o={string.format(close and '~%.0f' or '%.0f',us)},1 "
    "local function tell(i,x) out[o+1]=i out[o+2]=x o=o+2 end "
    "local add,a,del,d,moved,wrote={},0,{},0,{},false "
    "local life=k "
    "local function new(i) local x=get('>I7',E,one and 1 or i*7-6) "
     "if x<us then return V[i] end "
     "local h=pack('>I7',x+1+x%2) tell(1000+i,h) return h..V[i] end "
    "local function read(key,i,j) "
     "if bare then local r=pcall('GET',key) "
      "if type(r)=='table' then return r end return {r} end "
     "return pcall('HMGET',key,unpack(I,i,j)) end "
    "local function write(key,w,is_new) "
     "if not bare then return pcall('HSET',key,unpack(w)) end "
     "if not is_new then return pcall('SET',key,w[2],'PX',life) end "
     "return pcall('SET',key,w[2],'PX',life,'NX') or {err='WRONGTYPE'} end "
    "local function bad(r) return type(r)=='table' and r.err end "
    "I[0]='' local cur=c('HMGET',open,unpack(I,0,n)) "
    "local i,j=0,0 "
    "for b=1,#K-3 do "
     "local key,w,wn,d0,r,no=K[b+3],{},0,d,false,false "
     "i=j+1 j=bare and i or j+get('>I2',counts,b*2-1) "
     "if last>ms then "
      "life=math.min(k+math.max(born(j)-ms,0),1e13) end "
     "local look=fresh "
     "for q=i,j do if not cur[q+1] then look=true break end end "
     "if look then r=read(key,i,j) no=bad(r) "
      "if no and sub(no,1,9)~='WRONGTYPE' then return r end "
      "if no then r=false end end "
     "local easy=fresh and not doubts and not no "
     "for q=i,j do "
      "local x,v=cur[q+1],false "
      "local z=x or r and r[q-i+1] "
      "if not z then "
       "if easy then v=V[q] "
       "elseif no then tell(q,2) "
       "elseif doubts and doubt(q) then tell(q,1) "
       "elseif fresh then v=V[q] "
       "else tell(q,0) end "
      "elseif not fresh and sub(z,1,7)==(one or sub(E,q*7-6,q*7)) then "
       "v=(close or newest<us) and V[q] or new(q) "
      "else tell(x and -q or q,z) end "
      "if v and l then "
       "a=a+2 add[a-1]=I[q] add[a]=v "
       "if z and not x then moved[#moved+1]={key,I[q]} end "
      "elseif v then "
       "wn=wn+2 w[wn-1]=I[q] w[wn]=v "
       "if x then d=d+1 del[d]=I[q] end "
      "end "
     "end "
     "if wn>0 then "
      "local s=write(key,w,d>d0 or fresh) no=bad(s) "
      "if no then "
       "if sub(no,1,9)~='WRONGTYPE' then return s end "
       "d=d0 for q=i,j do for p=1,wn,2 do "
        "if w[p]==I[q] then tell(q,2) end end end "
      "else wrote=true "
       "if not bare and c('PTTL',key)<life then "
        "c('PEXPIRE',key,life+math.min(math.floor(k/64),60000)) end "
      "end "
     "end "
    "end "
    "if a>0 then "
     "if not cur[1] then c('HSET',open,'',string.rep('-',65)) end "
     "c('HSET',open,unpack(add)) end "
    "for q=1,#moved do local m=moved[q] "
     "if bare then c('DEL',m[1]) else c('HDEL',m[1],m[2]) end end "
    "if d>0 then c('HDEL',open,unpack(del,1,d)) end "
    "if wrote then local f=string.format "
     "if not keep or k<keep then c('HSET',K[2],'keep',A[3]) end "
     "if not due or ms+k<due then c('HSET',K[2],'due',f('%.0f',ms+k)) end "
     "if bare and (not unborn or ms+k<unborn) then "
      "c('HSET',K[2],'unborn',f('%.0f',ms+k)) end "
    "end "
    "return out";

const char mqm__redis_script_span[] =
    "local c,K=redis.call,KEYS[1] "
    "if c('HGET',K,'id')~=ARGV[1] then "
    "return {err='MQMSTORE it is another store than before'} end "
    "local s=c('HGET',K,'bucket_ms') "
    "if not s then s=ARGV[2] c('HSET',K,'bucket_ms',s) end "
    "return s";
