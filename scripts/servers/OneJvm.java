/* SPDX-License-Identifier: MIT */
/*
 * Name server and broker in one process: `OneJvm NAMESRV.conf BROKER.conf`.
 *
 * Two Java machines would take twice the time and memory, and the servers'
 * own stop takes 10 to 20 seconds, so here the signal TERM saves what a
 * restart needs (offsets, topics, groups, the message log) and leaves at once.
 * What always holds: nothing listens beyond the loopback interface, also not
 * the replication port, which the servers' settings cannot bind.
 */
import java.lang.reflect.Field;
import java.net.InetSocketAddress;
import org.apache.rocketmq.broker.BrokerController;
import org.apache.rocketmq.broker.BrokerStartup;
import org.apache.rocketmq.namesrv.NamesrvController;
import org.apache.rocketmq.namesrv.NamesrvStartup;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.ha.DefaultHAService;

public class OneJvm {
    /** The replication service, moved from the wildcard address. */
    static class LoopbackHa extends DefaultHAService {
        @Override
        public void init(DefaultMessageStore store)
                throws java.io.IOException {
            super.init(store);
            int port = store.getMessageStoreConfig().getHaListenPort();
            try {
                Object acceptor = field(DefaultHAService.class,
                        "acceptSocketService").get(this);
                field(AcceptSocketService.class, "socketAddressListen")
                        .set(acceptor,
                                new InetSocketAddress("127.0.0.1", port));
            } catch (ReflectiveOperationException e) {
                throw new java.io.IOException(e);
            }
        }
    }

    static Field field(Class<?> type, String name)
            throws ReflectiveOperationException {
        Field f = type.getDeclaredField(name);
        f.setAccessible(true);
        return f;
    }

    static void stop(BrokerController broker) {
        int status = 0;
        try {
            broker.getConsumerOffsetManager().persist();
            broker.getTopicConfigManager().persist();
            broker.getSubscriptionGroupManager().persist();
            broker.getMessageStore().flush();
        } catch (Throwable t) {
            t.printStackTrace();
            status = 1;
        }
        Runtime.getRuntime().halt(status);
    }

    public static void main(String[] args) throws Exception {
        if (args.length != 2) {
            System.err.println("usage: OneJvm NAMESRV.conf BROKER.conf");
            System.exit(2);
        }
        NamesrvController names =
                NamesrvStartup.main0(new String[] {"-c", args[0]});
        if (names == null)
            System.exit(1);
        BrokerController broker = BrokerStartup.createBrokerController(
                new String[] {"-c", args[1]});
        field(DefaultMessageStore.class, "haService")
                .set(broker.getMessageStore(), new LoopbackHa());
        if (BrokerStartup.start(broker) == null)
            System.exit(1);
        sun.misc.Signal.handle(new sun.misc.Signal("TERM"),
                s -> stop(broker));
        /* The first registration is often lost, the next is 10 s away. */
        while (names.getRouteInfoManager().pickupTopicRouteData("TBW102")
                == null) {
            broker.registerBrokerAll(true, false, true);
            Thread.sleep(20);
        }
        System.out.println("OneJvm is up");
    }
}
