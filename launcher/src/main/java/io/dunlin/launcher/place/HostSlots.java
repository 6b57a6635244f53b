package io.dunlin.launcher.place;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A host of a run, as {@code launch.hosts} names it: {@code 10.0.0.1}, or {@code node7:4} for at most four ranks.
 *
 * @param name address or name
 * @param slots most ranks there; {@link #UNBOUNDED} if nobody says
 */
public record HostSlots(String name, int slots) {
    /** As many as come. */
    public static final int UNBOUNDED = Integer.MAX_VALUE;

    private static final Pattern FORM = Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]*)(?::([1-9]\\d{0,3}))?");

    /** The host that {@code text} names; nothing if it names none. */
    public static Optional<HostSlots> parse(String text) {
        Matcher matcher = FORM.matcher(text.strip());
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String slots = matcher.group(2);
        return Optional.of(new HostSlots(matcher.group(1), slots == null ? UNBOUNDED : Integer.parseInt(slots)));
    }

    /**
     * Its address, as this host sees it.
     *
     * @throws UnknownHostException if nobody knows the name
     */
    public InetAddress address() throws UnknownHostException {
        return InetAddress.getByName(name);
    }

    /** Whether it is this host: one of its interfaces has the address. */
    public boolean isHere() {
        try {
            return NetworkInterface.getByInetAddress(address()) != null;
        } catch (IOException unknown) {
            return false;
        }
    }

    /** How many ranks a run has if only its hosts are known: the slots, one where nobody says. */
    public static long ranks(List<HostSlots> hosts) {
        return hosts.stream()
                .mapToLong(host -> host.slots == UNBOUNDED ? 1 : host.slots)
                .sum();
    }

    /** The most ranks that all hosts take. */
    public static long room(List<HostSlots> hosts) {
        return hosts.stream().mapToLong(HostSlots::slots).sum();
    }

    /**
     * How many ranks each host gets: as even as the slots allow, the first hosts one more where it does not come out.
     *
     * @throws IllegalArgumentException if there are more ranks than slots
     */
    public static int[] spread(List<HostSlots> hosts, int ranks) {
        if (ranks > room(hosts)) {
            throw new IllegalArgumentException(ranks + " ranks, " + room(hosts) + " slots");
        }
        int[] counts = new int[hosts.size()];
        while (Arrays.stream(counts).sum() < ranks) {
            int left = ranks - Arrays.stream(counts).sum();
            for (int host = 0; host < counts.length && left > 0; host++) {
                if (counts[host] < hosts.get(host).slots) {
                    counts[host]++;
                    left--;
                }
            }
        }
        return counts;
    }
}
