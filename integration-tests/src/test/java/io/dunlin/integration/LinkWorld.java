package io.dunlin.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Ranks on {@link ShapedLinks} that do collectives and nothing else, a process for each.
 *
 * @param links between the hosts
 * @param ranksPerHost on each
 * @param folder for what the processes print
 */
record LinkWorld(ShapedLinks links, int ranksPerHost, Path folder) {
    private static final int FIRST_PORT = 21_000;
    private static final Pattern SENT = Pattern.compile("sent (\\d+)");
    private static final Pattern SECONDS = Pattern.compile("seconds (\\S+) of (.*)");

    /**
     * What the ranks have measured.
     *
     * @param medianSeconds of rank 0
     * @param all its times
     * @param sentBytes what each rank has counted to other hosts
     */
    record Said(double medianSeconds, String all, List<Long> sentBytes) {}

    /** Adds {@code bytes} of F32 over all ranks that often; fails if a sum is wrong anywhere. */
    Said allReduce(long bytes, int times) {
        List<Process> ranks = new ArrayList<>();
        try {
            for (int rank = 0; rank < links.hosts() * ranksPerHost; rank++) {
                ranks.add(start(rank, bytes, times));
            }
            for (Process rank : ranks) {
                assertThat(rank.waitFor(DunlinProcess.PATIENCE.toSeconds(), TimeUnit.SECONDS))
                        .isTrue();
                assertThat(rank.exitValue()).isZero();
            }
            Said said = new Said(0, "", new ArrayList<>());
            for (Process rank : ranks) {
                for (String line : rank.inputReader().lines().toList()) {
                    Matcher seconds = SECONDS.matcher(line);
                    Matcher sent = SENT.matcher(line);
                    if (seconds.matches()) {
                        said = new Said(Double.parseDouble(seconds.group(1)), seconds.group(2), said.sentBytes());
                    } else if (sent.matches()) {
                        said.sentBytes().add(Long.parseLong(sent.group(1)));
                    }
                }
            }
            return said;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        } finally {
            end(ranks);
        }
    }

    /** A killed driver leaves its files: they go with the processes. */
    private void end(List<Process> ranks) {
        ranks.forEach(Process::destroyForcibly);
        for (Process rank : ranks) {
            rank.onExit()
                    .orTimeout(DunlinProcess.PATIENCE.toSeconds(), TimeUnit.SECONDS)
                    .join();
        }
        for (int host = 0; host < links.hosts(); host++) {
            remove(driver(host));
        }
    }

    private static void remove(Path folder) {
        if (Files.notExists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path driver(int host) {
        return Path.of(
                "/dev/shm/dunlin-link-%d-%d".formatted(ProcessHandle.current().pid(), host));
    }

    private Process start(int rank, long bytes, int times) throws IOException {
        int host = rank / ranksPerHost;
        List<String> command = new ArrayList<>(links.on(host));
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@" + Repository.root().resolve("conf/jvm.options"),
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                LinkRank.class.getName(),
                driver(host).toString(),
                Integer.toString(rank),
                addresses(),
                Long.toString(bytes),
                Integer.toString(times)));
        return new ProcessBuilder(command)
                .redirectError(new File(folder.toFile(), "rank-" + rank + ".txt"))
                .start();
    }

    private String addresses() {
        return IntStream.range(0, links.hosts() * ranksPerHost)
                .mapToObj(rank -> "host-%d@%s:%d"
                        .formatted(rank / ranksPerHost, links.address(rank / ranksPerHost), FIRST_PORT + rank))
                .collect(Collectors.joining(","));
    }
}
