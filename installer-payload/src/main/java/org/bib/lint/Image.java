package org.bib.lint;

import java.util.Map;
import org.bib.layout.Architecture;
import org.bib.tree.DirectoryNode;

/** What rules look at: the merged tree, the labels of the configuration, and what it runs on. */
record Image(DirectoryNode root, Map<String, String> labels, Architecture architecture) {}
