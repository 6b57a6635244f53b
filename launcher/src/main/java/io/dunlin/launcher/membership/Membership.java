package io.dunlin.launcher.membership;

import com.hazelcast.config.Config;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastException;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * This agent's member in the cluster of its run.
 *
 * <p>Two maps: {@code runs} holds the newest generation of each run, changed only by compare-and-set; {@code
 * acknowledgements} holds what each rank of it has said. Safety rests on unanimity: however a cluster might split, a
 * generation is live only where all its ranks have acknowledged the same members, and no two generations have them all.
 */
public final class Membership implements AutoCloseable {
    private static final String RUNS = "runs";
    private static final String ACKNOWLEDGEMENTS = "acknowledgements";
    private static final int PARTITIONS = 31;

    private final Settings settings;
    private final HazelcastInstance member;

    /**
     * How to take part.
     *
     * @param runId the cluster is this run's own
     * @param token a secret of the run: who does not know it is refused
     * @param address this member listens on
     * @param port it listens on; 0 for any free one
     * @param seeds {@code host:port} of members to join; empty for the first
     * @param lastGeneration number of the newest generation of earlier agents of this run; 0 if there were none
     */
    public record Settings(
            String runId, String token, String address, int port, List<String> seeds, long lastGeneration) {}

    private Membership(Settings settings, HazelcastInstance member) {
        this.settings = settings;
        this.member = member;
    }

    /**
     * Joins or founds the cluster of a run.
     *
     * @throws MembershipException if the port is taken, or the member does not start
     */
    public static Membership open(Settings settings) {
        requireFree(settings);
        try {
            return new Membership(settings, Hazelcast.newHazelcastInstance(config(settings)));
        } catch (HazelcastException | IllegalStateException e) {
            throw MembershipException.notStarted(settings.address(), e);
        }
    }

    /** Asked beforehand, because Hazelcast tells a taken port from other failures by its message alone. */
    private static void requireFree(Settings settings) {
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(settings.address(), settings.port()));
        } catch (IOException e) {
            throw MembershipException.portTaken(settings.address(), settings.port(), e);
        }
    }

    private static Config config(Settings settings) {
        Config config = new Config();
        // The name is compared at join, before anything else is said.
        config.setClusterName("dunlin-%s-%s".formatted(settings.runId(), settings.token()));
        config.setProperty("hazelcast.phone.home.enabled", "false");
        config.setProperty("hazelcast.shutdownhook.enabled", "false");
        config.setProperty("hazelcast.logging.type", "slf4j");
        config.setProperty("hazelcast.logging.details.enabled", "false");
        config.setProperty("hazelcast.wait.seconds.before.join", "0");
        config.setProperty("hazelcast.partition.count", Integer.toString(PARTITIONS));
        config.setProperty("hazelcast.partition.operation.thread.count", "2");
        config.setProperty("hazelcast.operation.generic.thread.count", "2");
        config.setProperty("hazelcast.io.thread.count", "1");
        config.setProperty("hazelcast.event.thread.count", "1");
        config.setProperty("hazelcast.heartbeat.interval.seconds", "1");
        config.setProperty("hazelcast.max.no.heartbeat.seconds", "5");
        config.setProperty("hazelcast.socket.bind.any", "false");
        config.getJetConfig().setEnabled(false);
        config.getMetricsConfig().setEnabled(false);
        config.addMapConfig(new MapConfig(RUNS).setBackupCount(1));
        config.addMapConfig(new MapConfig(ACKNOWLEDGEMENTS).setBackupCount(1));
        NetworkConfig network = config.getNetworkConfig();
        network.setPort(settings.port()).setPortAutoIncrement(false).setReuseAddress(true);
        network.getInterfaces().setEnabled(true).addInterface(settings.address());
        network.setPublicAddress(settings.address());
        JoinConfig join = network.getJoin();
        join.getAutoDetectionConfig().setEnabled(false);
        join.getMulticastConfig().setEnabled(false);
        // Also for the first member, who joins nobody: both sides of a join must use the same way of joining.
        join.getTcpIpConfig().setEnabled(true).setConnectionTimeoutSeconds(2).setMembers(settings.seeds());
        return config;
    }

    /** The port that this member listens on. */
    public int port() {
        return member.getCluster().getLocalMember().getAddress().getPort();
    }

    /** How many agents take part. */
    public int members() {
        return member.getCluster().getMembers().size();
    }

    /**
     * Ends the live generation and opens the next one, which is not live yet.
     *
     * @param ranks of it
     * @return its number, one more than the newest before
     */
    public long open(int ranks) {
        IMap<String, String> runs = member.getMap(RUNS);
        while (true) {
            String before = runs.get(settings.runId());
            long next = 1
                    + (before == null
                            ? settings.lastGeneration()
                            : Registered.parse(before).generation());
            String after = new Registered(next, ranks).text();
            boolean won = before == null
                    ? runs.putIfAbsent(settings.runId(), after) == null
                    : runs.replace(settings.runId(), before, after);
            if (won) {
                acknowledgements().clear();
                return next;
            }
        }
    }

    /** Notes that a rank of {@code generation} is ready with the members it was told. */
    public void acknowledge(long generation, int rank, String memberHash) {
        acknowledgements().put(generation + "/" + rank, memberHash);
    }

    /** Whether {@code generation} is the newest, and all its ranks have acknowledged the same members. */
    public boolean live(long generation) {
        String text = member.<String, String>getMap(RUNS).get(settings.runId());
        if (text == null) {
            return false;
        }
        Registered newest = Registered.parse(text);
        if (newest.generation() != generation) {
            return false;
        }
        Set<String> hashes = new HashSet<>();
        for (int rank = 0; rank < newest.ranks(); rank++) {
            String hash = acknowledgements().get(generation + "/" + rank);
            if (hash == null) {
                return false;
            }
            hashes.add(hash);
        }
        return hashes.size() == 1;
    }

    private IMap<String, String> acknowledgements() {
        return member.getMap(ACKNOWLEDGEMENTS);
    }

    @Override
    public void close() {
        member.getLifecycleService().terminate();
    }

    /** What the map says of a run: plain text, so that nothing is ever deserialised. */
    private record Registered(long generation, int ranks) {
        static Registered parse(String text) {
            int space = text.indexOf(' ');
            return new Registered(
                    Long.parseLong(text.substring(0, space)), Integer.parseInt(text.substring(space + 1)));
        }

        String text() {
            return generation + " " + ranks;
        }
    }
}
