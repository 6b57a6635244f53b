package io.dunlin.launcher.agent;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * How a command is run on another host: by a prefix such as {@code ssh {host}}. What follows it may pass through a shell or
 * not, so it must be the same either way.
 *
 * @param prefix words, with {@code {host}} and {@code {index}} for the host's name and its number in the list
 */
record RemoteShell(String prefix) {
    private static final Pattern SAFE = Pattern.compile("[A-Za-z0-9_.,:/@%+=-]+");

    /** The prefix for one host. */
    List<String> words(String host, int index) {
        return List.of(prefix.strip()
                .replace("{host}", host)
                .replace("{index}", Integer.toString(index))
                .split("\\s+"));
    }

    /**
     * The whole command.
     *
     * @throws LaunchException if a shell might change a word of {@code command}
     */
    List<String> command(String host, int index, List<String> command) {
        for (String word : command) {
            if (!SAFE.matcher(word).matches()) {
                throw LaunchException.unsafeWord(word);
            }
        }
        List<String> all = new ArrayList<>(words(host, index));
        all.addAll(command);
        return all;
    }
}
