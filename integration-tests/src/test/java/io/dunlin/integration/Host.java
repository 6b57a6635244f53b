package io.dunlin.integration;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** What a process holds of this host, as the kernel tells it. */
final class Host {
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");
    private static final String LISTENING = "0A";

    private Host() {}

    /** Whether a process runs. One that has ended and waits for its parent does not. */
    static boolean runs(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2) != 'Z';
        } catch (IOException gone) {
            return false;
        }
    }

    /** Folders in shared memory that a process has made for its run. */
    static List<Path> sharedFolders(long ownerPid) {
        try (Stream<Path> folders = Files.list(SHARED_MEMORY)) {
            return folders.filter(folder -> folder.getFileName().toString().startsWith("dunlin-"))
                    .filter(folder -> owner(folder).equals(Long.toString(ownerPid)))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String owner(Path folder) {
        try {
            return Files.readString(folder.resolve("owner")).strip();
        } catch (IOException beingRemoved) {
            return "";
        }
    }

    /** Bytes of a process's memory that are in RAM. */
    static long residentBytes(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/status"))
                    .lines()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
                    .findFirst()
                    .orElse(0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** TCP ports on which a process listens. */
    static Set<Integer> listeningPorts(long pid) {
        Set<String> inodes = socketInodes(pid);
        Set<Integer> ports = new HashSet<>();
        for (String table : List.of("tcp", "tcp6")) {
            try {
                Files.readString(Path.of("/proc/" + pid + "/net/" + table))
                        .lines()
                        .skip(1)
                        .forEach(line -> {
                            String[] fields = line.strip().split("\\s+");
                            if (fields[3].equals(LISTENING) && inodes.contains(fields[9])) {
                                ports.add(Integer.parseInt(fields[1].substring(fields[1].lastIndexOf(':') + 1), 16));
                            }
                        });
            } catch (NoSuchFileException withoutIpv6) {
                continue;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return ports;
    }

    private static Set<String> socketInodes(long pid) {
        Set<String> inodes = new HashSet<>();
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
            for (Path descriptor : descriptors) {
                String target = target(descriptor);
                if (target.startsWith("socket:[")) {
                    inodes.add(target.substring("socket:[".length(), target.length() - 1));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return inodes;
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException closedMeanwhile) {
            return "";
        }
    }
}
