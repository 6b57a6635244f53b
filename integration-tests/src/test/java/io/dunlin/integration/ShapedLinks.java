package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;

/**
 * Two to four "hosts" on this machine: network namespaces on one bridge, each of which may send no faster than a rate.
 * Nothing else is on that bridge, and it has no way out.
 *
 * <p>To make them needs root, {@code ip} and {@code tc}: elsewhere the test is skipped and says so, and in CI, where
 * {@code CI=true}, it fails instead. Names carry the id of this process, so that runs do not meet, and what a killed run
 * has left is removed by the next.
 */
final class ShapedLinks implements AutoCloseable {
    /** What a link takes at once before the rate counts, and how long it holds what is too much. */
    private static final String BURST = "256kb";

    private static final String LATENCY = "50ms";
    private static final String SPACE_PREFIX = "dunlin-";
    private static final String LINK_PREFIX = "dl";
    private static final Pattern SPACE = Pattern.compile(SPACE_PREFIX + "(\\d+)-\\d+-\\d+");
    private static final Pattern BRIDGE = Pattern.compile(LINK_PREFIX + "([0-9a-z]+)-[0-9a-z]+b\\b");
    private static final int RADIX = Character.MAX_RADIX;

    /** Names of links have at most 15 letters: {@code dl}, a process, a number of four and an end of two. */
    private static final int NUMBERS = 36 * 36 * 36 * 36;

    private static final Duration COMMAND = Duration.ofSeconds(30);

    private final int hosts;
    private final String spaces;
    private final String links;

    private ShapedLinks(int hosts) {
        this.hosts = hosts;
        // The nearest there is to a number that no other links of this process have.
        long number = Math.floorMod(System.nanoTime() / 1000, NUMBERS);
        long pid = ProcessHandle.current().pid();
        this.spaces = SPACE_PREFIX + pid + "-" + number + "-";
        this.links = LINK_PREFIX + Long.toString(pid, RADIX) + "-" + Long.toString(number, RADIX);
    }

    /** Hosts that send as fast as they can. */
    static ShapedLinks unshaped(int hosts, int mtu) {
        return open(hosts, mtu, "");
    }

    /**
     * Hosts on slow links.
     *
     * @param mtu of each link, 1500 or 9000 as a rule
     * @param megabits that each host may send in a second
     */
    static ShapedLinks of(int hosts, int mtu, int megabits) {
        return open(hosts, mtu, megabits + "mbit");
    }

    private static ShapedLinks open(int hosts, int mtu, String rate) {
        sweep();
        ShapedLinks links = new ShapedLinks(hosts);
        String refused = links.make(mtu, rate);
        if (!refused.isEmpty()) {
            links.remove();
            assertThat(System.getenv("CI"))
                    .as("in CI this test must run, but: %s", refused)
                    .isNotEqualTo("true");
            Assumptions.abort("needs network namespaces: " + refused);
        }
        return links;
    }

    /** Empty if all could be made. */
    private String make(int mtu, String rate) {
        List<String> commands = new ArrayList<>();
        commands.add("ip link add %sb mtu %d type bridge".formatted(links, mtu));
        commands.add("ip link set %sb up".formatted(links));
        for (int host = 0; host < hosts; host++) {
            String space = space(host);
            commands.add("ip netns add " + space);
            commands.add("ip link add %s mtu %d type veth peer name eth0 mtu %d netns %s"
                    .formatted(link(host), mtu, mtu, space));
            commands.add("ip link set %s master %sb up".formatted(link(host), links));
            commands.add("ip -n %s link set lo up".formatted(space));
            commands.add("ip -n %s addr add %s/24 dev eth0".formatted(space, address(host)));
            commands.add("ip -n %s link set eth0 up".formatted(space));
            if (!rate.isEmpty()) {
                commands.add("tc -n %s qdisc add dev eth0 root tbf rate %s burst %s latency %s"
                        .formatted(space, rate, BURST, LATENCY));
            }
        }
        for (String command : commands) {
            String refused = run(command);
            if (!refused.isEmpty()) {
                return command + ": " + refused;
            }
        }
        return "";
    }

    int hosts() {
        return hosts;
    }

    /** The address of a host. */
    String address(int host) {
        return "10.77.0." + (host + 1);
    }

    /** All addresses, as a setting of a job. */
    List<String> addresses() {
        return IntStream.range(0, hosts).mapToObj(this::address).toList();
    }

    /** What is put before a command to run it on a host. */
    List<String> on(int host) {
        return List.of("ip", "netns", "exec", space(host));
    }

    /** The remote shell between these hosts, as a setting of a job. */
    String shell() {
        return "ip netns exec " + spaces + "{index}";
    }

    /** All bytes, headers included, that a host has put on its link. */
    long sentBytes(int host) {
        try {
            // What leaves a host comes in at the bridge's end of its link.
            return Long.parseLong(Files.readString(Path.of("/sys/class/net", link(host), "statistics/rx_bytes"))
                    .strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String space(int host) {
        return spaces + host;
    }

    private String link(int host) {
        return links + "h" + host;
    }

    /** Ends the links. Processes inside go on, without a way to each other. */
    @Override
    public void close() {
        remove();
        assertThat(output("ip netns list")).doesNotContain(spaces);
        assertThat(output("ip -o link show type bridge")).doesNotContain(links);
    }

    private void remove() {
        // A link goes with the namespace of its end.
        IntStream.range(0, hosts).forEach(host -> run("ip netns delete " + space(host)));
        IntStream.range(0, hosts).forEach(host -> run("ip link delete " + link(host)));
        run("ip link delete " + links + "b");
    }

    /** Removes what processes have left that are gone. */
    static void sweep() {
        Matcher space = SPACE.matcher(output("ip netns list"));
        while (space.find()) {
            if (gone(Long.parseLong(space.group(1)))) {
                run("ip netns delete " + space.group());
            }
        }
        Matcher bridge = BRIDGE.matcher(output("ip -o link show type bridge"));
        while (bridge.find()) {
            if (gone(Long.parseLong(bridge.group(1), RADIX))) {
                run("ip link delete " + bridge.group());
            }
        }
    }

    private static boolean gone(long pid) {
        return ProcessHandle.of(pid).isEmpty();
    }

    /** Empty if it went well. */
    private static String run(String command) {
        try {
            Process process = new ProcessBuilder(command.split(" "))
                    .redirectErrorStream(true)
                    .start();
            String said = said(process);
            return process.exitValue() == 0 ? "" : "exit code " + process.exitValue() + ": " + said.strip();
        } catch (IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /** What a command prints; nothing if there is no such command. */
    private static String output(String command) {
        try {
            return said(new ProcessBuilder(command.split(" "))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start());
        } catch (IOException noSuchCommand) {
            return "";
        }
    }

    /** All that a process prints; it has ended then. */
    private static String said(Process process) {
        CompletableFuture<String> said = CompletableFuture.supplyAsync(() -> {
            try {
                return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        try {
            return said.thenCombine(process.onExit(), (text, _) -> text)
                    .orTimeout(COMMAND.toSeconds(), TimeUnit.SECONDS)
                    .join();
        } catch (CompletionException e) {
            process.destroyForcibly();
            throw new IllegalStateException(
                    "no end of " + process.info().commandLine().orElse("a command"), e);
        }
    }
}
