/* SPDX-License-Identifier: MIT */
/* redis_script.c - see redis_script.h. */
#include "redis_script.h"

#define MQM__TEXT(x) MQM__TEXT_OF(x)
#define MQM__TEXT_OF(x) #x

/* It writes little, as a rule, but with a command that a replica refuses: else
 * one could be connected to it again and again.
 * Without INFO neither a restart nor a policy would be seen.  A restart loses
 * nothing if each change is on the disk before it is answered, and nobody was
 * promoted, who has a second replication id; unless somebody wrote while it was
 * not so: `mode` tells.  Of one that lost its last moments those have to write
 * again whose registration was not over when it fell; whoever registers first
 * takes away those of long ago. */
const char mqm__redis_script_hello[] =
    "local c,k,C,M=redis.call,KEYS[1],KEYS[2],KEYS[3] "
    "local num,match,new,me=tonumber,string.match,ARGV[1],ARGV[3] "
    "local function text(x) return string.format('%.0f',x) end "
    "local t=c('TIME') local now=t[1]*1000+math.floor(t[2]/1000) "
    "local ms=text(now) "
    "local function info(section,what) "
     "local i=redis.pcall('INFO',section) "
     "return type(i)=='string' and match(i,what) or '' end "
    "local run=info('server','run_id:(%x+)') "
    "local limit=info('memory','maxmemory:(%d+)') "
    "local evicts=info('memory','maxmemory_policy:(%S+)') "
    "if run=='' or limit=='' or evicts=='' then "
    "return {err='MQMBLIND INFO does not tell what it should'} end "
    "local mode=ARGV[2] "
    "if mode~='always' and mode~='everysec' or "
     "info('persistence','aof_enabled:(%d)')~='1' then mode='none' end "
    "local function set(f,x) c('HSET',k,f,x) end "
    "local function each(key,f) local at='0' "
     "repeat local s=c('HSCAN',key,at,'COUNT',1000) at=s[1] "
     "for i=1,#s[2],2 do f(s[2][i],s[2][i+1]) end until at=='0' end "
    "c('HDEL',k,'') "
    "local r=c('HMGET',k,'id','created','run','floor','mode','clock','fault',"
     "'over','bound') "
    "local id,floor,was,clock=r[1],r[4] or '0',r[5],num(r[6]) or 0 "
    "local fault,over,bound=num(r[7]) or 0,num(r[8]) or 0,num(r[9]) or 0 "
    "local function safe() c('DEL',M) "
     "if string.sub(id,1,1)=='~' then id=string.sub(id,2) set('id',id) end end "
    "local function begin() fault=now over=now+num(ARGV[4]) "
     "if string.sub(id,1,1)~='~' then id='~'..id set('id',id) end "
     "set('fault',ms) set('over',text(over)) "
     "each(C,function(h,v) local seen=num(match(v,'^(%d+) %d')) "
      "if not seen or seen+"MQM__TEXT(MQM__REDIS_LEASE_MS)">=clock then "
       "c('HSET',M,h,'1') end end) end "
    "if not (id and r[2]) then "
     "id,r[2],floor,was,bound=new,ms,'0',mode,0 c('DEL',C,M) "
     "c('HSET',k,'id',id,'created',ms,'run',run,'floor','0','mode',mode,"
      "'bound','0') "
    "elseif run~=r[3] then "
     "if mode=='always' and (was=='always' or not was) and "
      "info('replication','master_replid2:(0+)%s')~='' then "
     "elseif was=='everysec' and mode~='none' then begin() "
     "else floor=ms set('floor',ms) safe() end "
     "was=mode c('HSET',k,'run',run,'mode',mode) "
    "elseif was~=mode then was='none' set('mode',was) end "
    "local state,mine,gone='0',c('HGET',C,me),0 "
    "local base=mine and match(mine,'^%d+ (%d+)') or '0' "
    "if string.sub(id,1,1)=='~' then "
     "if now>=over or now<fault then "
      "local all "
      "each(M,function(h) gone=gone+1 "
       "local v=num(match(c('HGET',C,h) or '','^%d+ %d+ (%d+)$')) "
       "if not v or v>=fault then all=true "
       "else bound=math.max(bound,v+1) end end) "
      "if all then floor=text(math.max(num(floor) or 0,fault)) "
       "set('floor',floor) end "
      "if gone>0 then set('bound',text(bound)) end end "
     "if gone>0 or c('EXISTS',M)==0 then safe() "
     "else state=c('HGET',M,me) and '3' or '2' end end "
    "if was=='everysec' then if state=='0' then state='1' end "
     "if not mine then each(C,function(h,v) "
      "local seen=num(match(v,'^(%d+) ')) "
      "if seen and seen+3600000<clock then c('HDEL',C,h) end end) end "
     "local seen=text(math.max(now,clock)) set('clock',seen) "
     "c('HSET',C,me,seen..' '..base) end "
    "if limit=='0' then evicts='noeviction' end "
    "return {string.gsub(id,'~',''),r[2],ms,floor,evicts,run,state,base,"
     "text(gone),text(bound)}";

#define BEAT                                                                   \
    "local c,K,A,num=redis.call,KEYS,ARGV,tonumber "                           \
    "local r=c('HMGET',K[1],'id','clock','floor','fault') "                    \
    "if r[1]~=A[1] then return {err='MQMSTORE'} end "                          \
    "local t=c('TIME') local now=t[1]*1000+math.floor(t[2]/1000) "             \
    "local function text(x) return string.format('%.0f',x) end "               \
    "local seen=text(math.max(now,num(r[2]) or 0)) "                           \
    "c('HSET',K[1],'clock',seen) c('HSET',K[2],A[2],seen..' '..A[3]) "

const char mqm__redis_script_beat[] = BEAT "return text(now)";

const char mqm__redis_script_answer[] = BEAT
    "if A[4]~='0' then c('HSET',K[1],'floor',text(math.max("
     "num(r[3]) or 0,num(r[4]) or now))) end "
    "c('HDEL',K[3],A[2]) return A[3]";

/* num: what is not there is nil; text, set: a double has more digits than Lua
 * shows. */
#define SAME_STORE                                                             \
    "local c,K,A,num=redis.call,KEYS,ARGV,tonumber "                           \
    "if c('HGET',K[1],'id')~=A[1] then return {err='MQMSTORE'} end "           \
    "local t=c('TIME') local us=t[1]*1000000+t[2] "                            \
    "local ms=math.floor(us/1000) "                                            \
    "local m=c('HMGET',K[2],'from','keep','due','unborn','used','next') "      \
    "for i=1,6 do if m[i] and not string.find(m[i],'^%d+$') then "             \
    "return {err='MQMFOREIGN '..K[2]} end end "                                \
    "local from,keep,due,unborn=num(m[1]) or 0,num(m[2]),num(m[3]),num(m[4]) " \
    "local function text(x) return string.format('%.0f',x) end "               \
    "local function set(y,x) c('HSET',K[2],y,text(x)) end "                    \
    "local function raise(x) if x>from then "                                  \
    "from=x unborn=1 set('from',x) set('unborn',1) end end "                   \
    "raise(num(A[2])) "

#define BEGINS "if due and ms>=due and ms-keep+1>from then from=ms-keep+1 end "

const char mqm__redis_script_memory[] = SAME_STORE
    "raise(num(A[3])) " BEGINS "return text(from)";

/* A cell that ends was written for k ms, of a message born at `last`. */
#define WRITTEN                                                                \
    "if wrote then "                                                           \
    "local used,nxt,upto=num(m[5]),num(m[6]),math.max(ms,last) "               \
    "if not keep or k<keep then "                                              \
    "if keep then set('next',keep) end "                                       \
    "keep=k used=nil set('keep',k) "                                           \
    "elseif k>keep then "                                                      \
    "if not nxt or k<nxt then nxt=k set('next',k) end "                        \
    "if used and ms>used+keep then "                                           \
    "c('HDEL',K[2],'next') set('from',from) "                                  \
    "keep=nxt used=nil set('keep',keep) end "                                  \
    "end "                                                                     \
    "if not used or k==keep and upto>used then set('used',upto+slack) end "    \
    "if not due or ms+k<due then set('due',ms+k) end "                         \
    "if bare and (not unborn or ms+k<unborn) then set('unborn',ms+k) end "     \
    "end "

/* Reads, of each bucket, what is not open; writes the bucket, then what opens,
 * and takes away last.  E: what is expected, "" for none at all; B: the borns;
 * I: the ids; V: the cells, with the guess as their version or with now; cur:
 * the open cells, behind the one of no id; x: the open one; z: it, or the filed
 * one; v: the new one.  A bucket that is no hash is no reason to fail the
 * others; what else fails ends it, but for what is to be known of those that
 * were written.  In two parts, since C promises no longer texts. */
const char mqm__redis_script_swap[] = SAME_STORE BEGINS
    "local pcall,sub,pack=redis.pcall,string.sub,struct.pack "
    "local get=struct.unpack "
    "local k,how,last,top=num(A[3]),A[4],num(A[6]),num(A[7]) "
    "if us>num(A[17]) then return {err='MQMLAPSED'} end "
    "local E,B,counts,n=A[8],A[9],A[10],num(A[15]) "
    "local one=#E==7 and E "
    "local I={get(string.rep(A[11],n),A[12])} "
    "local V={get(string.rep(A[13],n),A[14])} "
    "local fresh,bare,open=E=='',counts=='',K[3] "
    "local any,l=how=='L' or how=='U',how=='L' or how=='l' "
    "us=us-us%2 local now=pack('>I7',us) local guess=num(A[16]) "
    "local close=top<guess and guess<us+40000 and guess>=us "
    "if not close then for i=1,n do V[i]=now..sub(V[i],8) end end "
    "local doubts=not any and (bare and unborn and ms>=unborn or "
     "not bare and num(A[5])<from) "
    "local function born(i) "
     "return l and get('>I7',V[i],8) or get('>I7',B,i*7-6) end "
    "local function doubt(i) return bare or born(i)<from end "
    "local out,o={(close and '~' or '')..text(us)},1 "
    "local function tell(i,x) out[o+1]=i out[o+2]=x o=o+2 end "
    "local add,a,del,d,moved,life={},0,{},0,{},k "
    "local slack,wrote,fail=math.min(math.floor(k/64),60000) "
    "local function new(i) local x=get('>I7',E,one and 1 or i*7-6) "
     "if x<us then return V[i] end "
     "local near=x<us+40000 "
     "local h=pack('>I7',near and x+2-x%2 or x+1+x%2) tell(1000+i,h) "
     "return h..(near and sub(V[i],8) or V[i]) end "
    "local function read(key,i,j) "
     "if bare then local r=pcall('GET',key) "
      "return type(r)=='table' and r or {r} end "
     "return pcall('HMGET',key,unpack(I,i,j)) end "
    "local function write(key,w,is_new) "
     "if not bare then return pcall('HSET',key,unpack(w)) end "
     "if not is_new then return pcall('SET',key,w[2],'PX',life) end "
     "return pcall('SET',key,w[2],'PX',life,'NX') or {err='WRONGTYPE'} end "
    "local function bad(r) return type(r)=='table' and r.err end ";

const char mqm__redis_script_swap_2[] =
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
      "if no and sub(no,1,9)~='WRONGTYPE' then fail=r break end "
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
       "v=(close or top<us) and V[q] or new(q) "
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
      "if no then d=d0 "
       "if sub(no,1,9)~='WRONGTYPE' then fail=s break end "
       "for q=i,j do for p=1,wn,2 do "
        "if w[p]==I[q] then tell(q,2) end end end "
      "else wrote=true "
       "if not bare and c('PTTL',key)<life then "
        "c('PEXPIRE',key,life+slack) end "
      "end "
     "end "
    "end "
    "if a>0 then "
     "if not cur[1] then c('HSET',open,'',string.rep('-',65)) end "
     "c('HSET',open,unpack(add)) end "
    "for q=1,#moved do local m=moved[q] "
     "if bare then c('DEL',m[1]) else c('HDEL',m[1],m[2]) end end "
    "if d>0 then c('HDEL',open,unpack(del,1,d)) end "
    WRITTEN
    "return fail or out";

/* B: the borns, "" for unknown ones. */
const char mqm__redis_script_restore[] = SAME_STORE
    "local k,last,how,B,n=num(A[3]),num(A[4]),A[5],A[6],(#A-6)/2 "
    "local pcall,get,open=redis.pcall,struct.unpack,K[3] "
    "local slack,bare=math.min(math.floor(k/64),60000),B=='' "
    "local wrote,done,failed=false,0,0 "
    "local function bad(x) return type(x)=='table' and x.err end "
    "local function read(key,id) local x=c('HGET',open,id) "
     "if x then return x,true end "
     "if bare then return pcall('GET',key) end "
     "return pcall('HGET',key,id) end "
    "local function write(key,id,cell,born) "
     "local life=math.min(k+math.max(born-ms,0),1e13) "
     "if bare then c('SET',key,cell,'PX',life) return end "
     "c('HSET',key,id,cell) "
     "if c('PTTL',key)<life then c('PEXPIRE',key,life+slack) end end "
    "for i=1,n do local key,id,cell=K[i+3],A[6+i],A[6+n+i] "
     "local x,listed=read(key,id) "
     "if bad(x) or x and #x<7 then failed=failed+1 "
     "elseif not x or get('>I7',x)<get('>I7',cell) then done=done+1 "
      "if string.sub(how,i,i)=='L' then "
       "if c('EXISTS',open)==0 then "
        "c('HSET',open,'',string.rep('-',65)) end "
       "c('HSET',open,id,cell) "
       "if x and not listed then "
        "if bare then c('DEL',key) else c('HDEL',key,id) end end "
      "else wrote=true "
       "write(key,id,cell,bare and 0 or get('>I7',B,i*7-6)) "
       "if listed then c('HDEL',open,id) end end end end "
    WRITTEN
    "return {text(done),text(failed)}";

const char mqm__redis_script_span[] =
    "local c,K=redis.call,KEYS[1] "
    "if c('HGET',K,'id')~=ARGV[1] then "
    "return {err='MQMSTORE'} end "
    "local s=c('HGET',K,'bucket_ms') "
    "if not s then s=ARGV[2] c('HSET',K,'bucket_ms',s) end "
    "return s";
