//! What a person can do, by name; keys and mouse only lead here.

/// Where keys are read: each context has its own table of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// The two panes.
    Panes,
    /// The panes, while what to look for is typed.
    Find,
    /// A file that is looked into.
    Viewer,
    /// The queue panel: jobs.
    Queue,
    /// The queue panel: the steps of one job.
    Steps,
    /// The history.
    History,
    /// The site manager.
    Sites,
    /// The site manager or the history, while something is searched for.
    Search,
    /// The list of bookmarks.
    Bookmarks,
    /// What an empty start shows.
    Start,
    /// A dialog, on a field that takes text.
    Field,
    /// A dialog, on a choice or a button.
    Choice,
    /// A text to be read: messages, help.
    Reader,
    /// The list of open edits.
    Edits,
}

/// One thing a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// A screenful up.
    PageUp,
    /// A screenful down.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Into the directory under the cursor.
    Enter,
    /// To the directory above, or back to the link one came through.
    Parent,
    /// To where the link under the cursor leads.
    Follow,
    /// To the other pane.
    OtherPane,
    /// Mark or unmark the entry under the cursor, and go one down.
    Mark,
    /// Mark what is not marked, and the other way round.
    InvertMarks,
    /// Ask for a pattern and mark what matches.
    MarkPattern,
    /// Ask for a pattern and unmark what matches.
    UnmarkPattern,
    /// Show or hide names that begin with a dot.
    ToggleHidden,
    /// Mark by comparing with the other pane.
    MarkAgainst,
    /// Back to where the pane was before.
    Back,
    /// Forward again.
    Forward,
    /// Go to a path that is typed.
    GoTo,
    /// Find what lies below the pane's place.
    FindBelow,
    /// A new tab in this pane.
    NewTab,
    /// Close the tab shown.
    CloseTab,
    /// Show the next tab.
    NextTab,
    /// Show the tab before.
    PreviousTab,
    /// Show the tab of this number, from 1.
    Tab(u8),
    /// Both panes go together, or no more.
    Together,
    /// Set permissions.
    Modes,
    /// Set owner, group and time.
    Traits,
    /// Edit the file under the cursor.
    Edit,
    /// Show which files are being edited.
    OpenEdits,
    /// Send what was edited back now.
    SendEdit,
    /// Show what the copy and the file on the server differ in.
    Difference,
    /// Give a copy up.
    DiscardEdit,
    /// Edit the chosen names all at once.
    RenameMany,
    /// Rename the chosen by a pattern.
    RenameByPattern,
    /// Give the names back that were edited all at once.
    UndoNames,
    /// Run a command where the pane is.
    Shell,
    /// A shell where the pane is, here or on the server.
    OpenShell,
    /// Look into the file under the cursor.
    View,
    /// Show the file under the cursor in the other pane, as the cursor goes.
    QuickView,
    /// Wrap long lines, or cut them.
    Wrap,
    /// Show bytes, or text.
    Hex,
    /// Read the text in another encoding.
    Encoding,
    /// Search for the same again.
    SearchOn,
    /// The same towards the beginning.
    SearchBack,
    /// Remove what interrupted jobs left here.
    ClearParts,
    /// Add up what directories hold.
    Measure,
    /// Show only names that hold what is typed.
    Filter,
    /// Go to a name by typing some of it.
    Search,
    /// Sort by the next column.
    Sort,
    /// Turn the order of sorting round.
    ReverseSort,
    /// Read the directory again.
    Reread,
    /// Copy to the other pane.
    Copy,
    /// Move to the other pane.
    Move,
    /// Make a directory.
    MakeDirectory,
    /// Make a symbolic link.
    MakeLink,
    /// Delete, or put into the trash.
    Delete,
    /// Delete, past the trash.
    DeleteForGood,
    /// Go to where the trash lies.
    Trash,
    /// Rename the entry under the cursor.
    Rename,
    /// Open a place in this pane.
    Connect,
    /// Show the queue, or the panes again.
    Queue,
    /// Show the site manager, or the panes again.
    Sites,
    /// Save what the pane shows as a site.
    SavePlace,
    /// Set a bookmark for the folder shown, or take it out.
    Bookmark,
    /// Show the bookmarks.
    Bookmarks,
    /// Take the bookmark under the cursor out.
    RemoveBookmark,
    /// Open the site under the cursor in the pane the manager was opened for.
    OpenSite,
    /// Open the site under the cursor in the other pane.
    OpenSiteOther,
    /// Fill in a new site.
    NewSite,
    /// Change the site under the cursor.
    EditSite,
    /// Fill in a site like the one under the cursor.
    DuplicateSite,
    /// Remove the site under the cursor.
    DeleteSite,
    /// Connect to the site under the cursor, and say how it went.
    TestSite,
    /// Open the command line.
    Commands,
    /// Choose the row under the cursor.
    Choose,
    /// Answer what was put aside.
    Answer,
    /// Show or leave the history.
    History,
    /// Show the keys.
    Help,
    /// Leave Wharf.
    Quit,
    /// Ctrl-C: out of whatever is open, at last out of Wharf; never silently with jobs running.
    Interrupt,
    /// Hand the terminal back to the shell for a while.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// Close what is open; in the panes, stop opening a place and put notices away.
    Close,
    /// Show the steps of the job under the cursor.
    Steps,
    /// Tell all that is known of the step under the cursor, or the row of the history.
    Details,
    /// Cancel the job or step under the cursor.
    Cancel,
    /// Cancel all jobs.
    CancelEverything,
    /// Hold the job or step under the cursor where it is, or go on with it.
    Pause,
    /// Hold all jobs, or go on with them.
    PauseEverything,
    /// Serve the job under the cursor before the one before it.
    Sooner,
    /// Serve it after the next.
    Later,
    /// Ask for another limit on what is carried.
    Limit,
    /// Try failed steps again, or end a wait.
    Retry,
    /// Forget jobs that have ended.
    ClearEnded,
    /// Do what the dialog, or the button under the cursor, says.
    Accept,
    /// To the next field or button.
    Next,
    /// To the previous field or button.
    Previous,
    /// To the left: in a text, among choices, among buttons.
    Left,
    /// To the right.
    Right,
    /// To the next choice.
    Toggle,
    /// Put a character into the field, or press the button of that letter.
    Type(char),
    /// Delete the character before the cursor.
    DeleteBack,
    /// Delete the character under the cursor.
    DeleteForward,
    /// Delete the word before the cursor.
    DeleteWord,
    /// Empty the field.
    ClearLine,
    /// To the beginning of the text.
    LineStart,
    /// To the end of the text.
    LineEnd,
}
